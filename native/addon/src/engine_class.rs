//! How an engine is made; the class `NativeEngine`. `detached_class` has the other one.

use std::cell::RefCell;
use std::ffi::{c_char, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;
use osier_core::{Engine, EngineConfig};
use ring::rand::{SecureRandom, SystemRandom};

use crate::arguments::Arguments;
use crate::clock::Clock;
use crate::config::{engine_config, spin_micros};
use crate::driver::Driver;
use crate::endpoint::{Endpoint, JsSide};
use crate::event_record::{EVENT_WORDS, MAX_BYTES};
use crate::failure::{unfit, Failure};
use crate::js::{Js, JsResult};
use crate::shared_block::SharedBlocks;
use crate::uv::uv_loop_t;
use crate::{detached_class, method_table, pending_requests};

/// Node calls this once for every environment that loads the addon.
///
/// # Safety
/// Only Node calls it.
#[no_mangle]
pub unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    // SAFETY: Node's promise for this entry.
    let js = unsafe { Js::new(env) };
    if let Err(failure) = define_classes(js, exports) {
        failure.throw(js);
    }
    exports
}

/// The version of Node-API that the addon needs: 8 has the asynchronous cleanup hooks.
#[no_mangle]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    8
}

fn define_classes(js: Js, exports: sys::napi_value) -> JsResult<()> {
    define_class(js, exports, c"NativeEngine", construct_native)?;
    define_class(js, exports, c"DetachedEngine", detached_class::construct)?;
    pending_requests::define(js, exports)
}

fn define_class(
    js: Js,
    exports: sys::napi_value,
    name: &CStr,
    construct: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
) -> JsResult<()> {
    let mut class = ptr::null_mut();
    // SAFETY: the present environment; the name is terminated.
    Failure::unless_ok(unsafe {
        sys::napi_define_class(
            js.env(),
            name.as_ptr().cast::<c_char>(),
            name.count_bytes() as isize,
            Some(construct),
            ptr::null_mut(),
            0,
            ptr::null(),
            &mut class,
        )
    })?;
    js.set(exports, name, class)
}

/// `new NativeEngine(config, listener)`
unsafe extern "C" fn construct_native(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node-API calls this, with arguments of the present call.
    unsafe { construct(env, info, build_native) }
}

/// Runs a constructor: `build` turns the object that was made into an engine.
///
/// # Safety
/// Only from a callback of Node-API, with its arguments.
pub(crate) unsafe fn construct(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    build: fn(Js, &Arguments) -> JsResult<()>,
) -> sys::napi_value {
    // SAFETY: the caller's promise.
    let js = unsafe { Js::new(env) };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut target = ptr::null_mut();
        // SAFETY: `info` is of the present call.
        Failure::unless_ok(unsafe { sys::napi_get_new_target(env, info, &mut target) })?;
        if target.is_null() {
            return Err(Failure::Argument("an engine must be made with new".to_owned()));
        }
        // SAFETY: as above.
        let arguments = unsafe { Arguments::read(js, info) }?;
        build(js, &arguments)?;
        Ok(arguments.this)
    }));
    let failure = match outcome {
        Ok(Ok(this)) => return this,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::State("the engine failed while it was made"),
    };
    failure.throw(js);
    ptr::null_mut()
}

fn build_native(js: Js, arguments: &Arguments) -> JsResult<()> {
    let (config, listener) = common_arguments(js, arguments)?;
    let spin_micros = spin_micros(js, arguments.value(0))?;
    let surroundings =
        Surroundings { uv_loop: uv_loop(js)?, wake: None, clock: Clock::Boot, seed: system_seed()? };
    let endpoint = make_endpoint(js, arguments.this, config, listener, surroundings)?;
    let started = endpoint
        .start()
        .and_then(|()| if spin_micros == 0 { Ok(()) } else { endpoint.enable_spin(spin_micros) })
        .map_err(|_| Failure::State("libuv refused a handle"))
        .and_then(|()| attach(js, arguments.this, &endpoint, method_table::on_loop()));
    if started.is_err() {
        endpoint.close();
    }
    started
}

/// What engines differ in while they are made.
pub(crate) struct Surroundings {
    /// Null for a detached engine.
    pub(crate) uv_loop: *mut uv_loop_t,
    /// For a detached engine.
    pub(crate) wake: Option<sys::napi_value>,
    pub(crate) clock: Clock,
    pub(crate) seed: [u8; 32],
}

/// The arguments `config` and `listener` that every engine takes first.
pub(crate) fn common_arguments(js: Js, arguments: &Arguments) -> JsResult<(EngineConfig, sys::napi_value)> {
    let listener = function_argument(js, arguments, 1, c"listener")?;
    Ok((engine_config(js, arguments.value(0))?, listener))
}

/// An argument that must be a function.
pub(crate) fn function_argument(
    js: Js,
    arguments: &Arguments,
    index: usize,
    name: &CStr,
) -> JsResult<sys::napi_value> {
    let value = arguments.value(index);
    match js.type_of(value)? {
        sys::ValueType::napi_function => Ok(value),
        _ => Err(unfit(name, "a function")),
    }
}

/// 32 bytes that nobody can foresee.
pub(crate) fn system_seed() -> JsResult<[u8; 32]> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| Failure::State("the system has no random bytes"))?;
    Ok(seed)
}

/// Makes an endpoint that lends its arrays to the object `this`.
pub(crate) fn make_endpoint(
    js: Js,
    this: sys::napi_value,
    config: EngineConfig,
    listener: sys::napi_value,
    surroundings: Surroundings,
) -> JsResult<Rc<Endpoint>> {
    let events = js.new_typed_array(sys::TypedarrayType::uint32_array, EVENT_WORDS, 4)?;
    let bytes = js.new_typed_array(sys::TypedarrayType::uint8_array, MAX_BYTES, 1)?;
    let constants = [(c"events", events), (c"bytes", bytes)];
    js.define_constants(this, &constants, sys::PropertyAttributes::enumerable)?;

    let Surroundings { uv_loop, wake, clock, seed } = surroundings;
    let engine = Engine::new(config, seed, Rc::new(RefCell::new(SharedBlocks::new(js.env()))));
    let endpoint = Endpoint::new(js.env(), uv_loop, Driver::new(engine, clock));
    endpoint.this.set(js.weak_reference(this)?);
    endpoint.js_side.set(Some(JsSide {
        listener: js.reference(listener)?,
        events: js.reference(events)?,
        bytes: js.reference(bytes)?,
        context: async_context(js)?,
        wake: wake.map_or(Ok(ptr::null_mut()), |wake| js.reference(wake))?,
    }));
    Ok(endpoint)
}

/// Has the endpoint closed with the environment or the object, and gives the object its methods.
pub(crate) fn attach(
    js: Js,
    this: sys::napi_value,
    endpoint: &Rc<Endpoint>,
    methods: Vec<sys::napi_property_descriptor>,
) -> JsResult<()> {
    endpoint.add_cleanup_hook(js)?;
    wrap(js, this, endpoint.clone())?;
    method_table::attach(js, this, endpoint, methods)
}

fn uv_loop(js: Js) -> JsResult<*mut uv_loop_t> {
    let mut uv_loop = ptr::null_mut();
    // SAFETY: the present environment.
    Failure::unless_ok(unsafe { sys::napi_get_uv_event_loop(js.env(), &mut uv_loop) })?;
    Ok(uv_loop.cast())
}

fn async_context(js: Js) -> JsResult<sys::napi_async_context> {
    let (resource, name) = (js.object()?, js.string("osier.engine")?);
    let mut context = ptr::null_mut();
    // SAFETY: the values come from the present scope.
    Failure::unless_ok(unsafe { sys::napi_async_init(js.env(), resource, name, &mut context) })?;
    Ok(context)
}

/// Ties the endpoint to the object; the object's finalizer gives it up.
fn wrap(js: Js, this: sys::napi_value, endpoint: Rc<Endpoint>) -> JsResult<()> {
    let held = Rc::into_raw(endpoint);
    // SAFETY: `this` is fresh, and the finalizer takes `held` back.
    let status = unsafe {
        sys::napi_wrap(
            js.env(),
            this,
            held.cast_mut().cast(),
            Some(on_collected),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    Failure::unless_ok(status).inspect_err(|_| {
        // SAFETY: made by `into_raw` above and taken by nobody.
        drop(unsafe { Rc::from_raw(held) });
    })
}

/// The object is gone: collected without ever having had a socket, or its environment ends, which closed it before.
unsafe extern "C" fn on_collected(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made by `Rc::into_raw` in `wrap`; a finalizer runs once.
    let endpoint = unsafe { Rc::from_raw(data.cast_const().cast::<Endpoint>()) };
    endpoint.guard(|| endpoint.close());
}
