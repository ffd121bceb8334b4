// A kernel that refuses, put before the real one by LD_PRELOAD. OSIER_TEST_REFUSE says what:
//   gso        setsockopt(UDP_SEGMENT): not known
//   gro        setsockopt(UDP_GRO): not known
//   mmsg       sendmmsg, recvmmsg: not known
//   gso-late   each train of segments: EIO, from the 20th on
//   passing    now and then two sends, or six receives, in a row: errors that pass, each in its turn
//   dead       every send and receive of a datagram from the 200th on: EBADF; says at the end how many came after that
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const int passing[] = {ENETUNREACH, EHOSTUNREACH, ENETDOWN, EPERM, ENOBUFS, ECONNREFUSED, EMSGSIZE, EPROTO, EACCES, EOPNOTSUPP};
// The last one comes to receivers only: what a send says twice is its own.
enum { PASSING_COUNT = sizeof passing / sizeof *passing, SEND_RUN = 2, SEND_EVERY = 20, RECEIVE_RUN = 6, RECEIVE_EVERY = 2 };

static int is(const char *fault) {
  static const char *asked;
  if (asked == NULL && (asked = getenv("OSIER_TEST_REFUSE")) == NULL) asked = "";
  return strcmp(asked, fault) == 0;
}

static int fail(int code) {
  errno = code;
  return -1;
}

static unsigned calls;

static void say_calls(void) { fprintf(stderr, "calls after the end: %u\n", calls - 200); }

// The error of the present call; 0: none.
static int refusal(int is_receive) {
  if (is("dead")) {
    if (calls == 0) atexit(say_calls);
    return ++calls > 200 ? EBADF : 0;
  }
  if (!is("passing")) return 0;
  static unsigned counts[2];
  unsigned run = counts[is_receive]++ / (is_receive ? RECEIVE_RUN : SEND_RUN), every = is_receive ? RECEIVE_EVERY : SEND_EVERY;
  return run % every == every - 1 ? passing[run / every % (PASSING_COUNT - !is_receive)] : 0;
}

static int refuses_train(const struct msghdr *message) {
  static unsigned trains;
  if (!is("gso-late")) return 0;
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR((struct msghdr *)message, at)) {
    if (at->cmsg_level == SOL_UDP && at->cmsg_type == UDP_SEGMENT) return ++trains >= 20;
  }
  return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
  if (level == SOL_UDP && ((name == UDP_SEGMENT && is("gso")) || (name == UDP_GRO && is("gro")))) return fail(ENOPROTOOPT);
  return next(fd, level, name, value, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*next)(int, const struct msghdr *, int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "sendmsg");
  // A pipe to the parent process has no name to send to.
  if (message->msg_name == NULL) return next(fd, message, flags);
  int code = refuses_train(message) ? EIO : refusal(0);
  return code != 0 ? fail(code) : next(fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  static int (*next)(int, struct mmsghdr *, unsigned, int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "sendmmsg");
  if (is("mmsg")) return fail(ENOSYS);
  if (count == 0) return next(fd, messages, count, flags);
  int code = refuses_train(&messages[0].msg_hdr) ? EIO : refusal(0);
  if (code != 0) return fail(code);
  // The first of them alone, so that each has its turn to be refused.
  return next(fd, messages, is("gso-late") ? 1 : count, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  static ssize_t (*next)(int, struct msghdr *, int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "recvmsg");
  int is_datagram = message->msg_name != NULL && (flags & MSG_ERRQUEUE) == 0;
  int code = is_datagram ? refusal(1) : 0;
  return code != 0 ? fail(code) : next(fd, message, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  static int (*next)(int, struct mmsghdr *, unsigned, int, struct timespec *);
  if (next == NULL) next = dlsym(RTLD_NEXT, "recvmmsg");
  if (is("mmsg")) return fail(ENOSYS);
  int code = count == 0 ? 0 : refusal(1);
  return code != 0 ? fail(code) : next(fd, messages, count, flags, timeout);
}
