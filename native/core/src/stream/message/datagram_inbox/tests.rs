use super::*;
use osier_wire::{DatagramHeader, StreamId};
use proptest::prelude::*;

fn deliver(inbox: &mut DatagramInbox, fragment: Option<DatagramFragment>, data: &[u8]) {
    let header = DatagramHeader { id: StreamId(0), fragment };
    inbox.on_datagram(&DatagramFrame { header, data });
}

fn held_bytes(inbox: &DatagramInbox) -> u64 {
    let whole: usize = inbox.whole.iter().map(|one| one.bytes.capacity()).sum();
    let records = inbox.whole.len() as u64 * DATAGRAM_RECORD_BYTES;
    let incomplete: u64 = inbox.incomplete.iter().map(Assembly::held_bytes).sum();
    whole as u64 + records + incomplete + inbox.spare.bytes()
}

#[test]
fn a_small_datagram_in_the_buffer_of_a_large_one_is_reserved_as_what_it_holds() {
    let budget = MemoryBudget::new(1 << 30);
    let mut inbox = DatagramInbox::new(&budget, 1 << 20);
    for len in [2_000; 32].into_iter().chain([60_000]) {
        deliver(&mut inbox, None, &vec![1; len]);
    }
    inbox.read(&mut [0; 200_000], &mut [0; 40]);
    for len in [1; 32].into_iter().chain([2_100]) {
        deliver(&mut inbox, None, &vec![1; len]);
    }
    assert!(budget.used_bytes() > 100 << 10, "{} bytes are reserved", budget.used_bytes());
    assert_eq!(budget.used_bytes(), held_bytes(&inbox));
}

proptest! {
    #[test]
    fn what_is_held_is_what_is_reserved(
        steps in proptest::collection::vec((0_u8..8, 0_u64..6, 0_u64..40, 0_usize..3_000), 0..300)
    ) {
        let budget = MemoryBudget::new(1 << 30);
        let mut inbox = DatagramInbox::new(&budget, 1 << 20);
        let (mut into, mut lengths) = (vec![0; 1 << 20], [0; 3]);
        for (step, number, part, len) in steps {
            match step {
                0 => { inbox.read(&mut into, &mut lengths); }
                1 => deliver(&mut inbox, None, &vec![1; 20 * len]),
                2 => deliver(&mut inbox, None, &vec![1; len]),
                _ => {
                    let (total_len, offset) = (3_000 + 2_000 * number, 1_000 * (part % (3 + 2 * number)));
                    let fragment = DatagramFragment { number, total_len, offset };
                    deliver(&mut inbox, Some(fragment), &[1; 1_000]);
                }
            }
            prop_assert_eq!(budget.used_bytes(), held_bytes(&inbox));
        }
        inbox.clear();
        prop_assert_eq!(budget.used_bytes(), 0);
    }
}
