/* Counts the requests that clients make to a libvirtd: stands between the two and reads the headers.
 * usage: rpc_count LISTEN_SOCKET LIBVIRTD_SOCKET     serves all who connect; prints at SIGTERM how often they called
 * Fails where one cannot be served: the number would be of another program than the one that is timed. */
#define _GNU_SOURCE /* ppoll */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { length_at = 0, type_at = 16, header_bytes = 20, type_call = 0, type_call_with_fds = 4 };
enum { max_clients = 64 }; /* at once */

/* What a client has sent of its current packet. */
struct packet {
  unsigned char header[header_bytes];
  uint32_t seen; /* bytes */
  uint32_t length;
};

static unsigned long calls;
static volatile sig_atomic_t ended;

static void end(int number) {
  (void)number;
  ended = 1;
}

static uint32_t word(const struct packet* packet, int at) {
  uint32_t value;
  memcpy(&value, packet->header + at, sizeof value);
  return ntohl(value);
}

static void read_byte(struct packet* packet, unsigned char byte) {
  if (packet->seen < header_bytes) packet->header[packet->seen] = byte;
  ++packet->seen;
  if (packet->seen == header_bytes) {
    packet->length = word(packet, length_at);
    const uint32_t type = word(packet, type_at);
    if (type == type_call || type == type_call_with_fds) ++calls;
  }
  if (packet->seen > header_bytes - 1 && packet->seen == packet->length) packet->seen = 0;
}

static int socket_at(const char* path, int listening) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (!listening) return connect(fd, (struct sockaddr*)&address, sizeof address) == 0 ? fd : -1;
  unlink(path);
  return bind(fd, (struct sockaddr*)&address, sizeof address) == 0 && listen(fd, max_clients) == 0 ? fd : -1;
}

/* Passes on what there is, and counts it where `packet` is given; 0 at the end. */
static int pass(int from, int to, struct packet* packet) {
  static unsigned char buffer[1 << 16];
  const ssize_t got = read(from, buffer, sizeof buffer);
  if (got <= 0) return 0;
  for (ssize_t i = 0; packet && i < got; ++i) read_byte(packet, buffer[i]);
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t n = write(to, buffer + sent, (size_t)(got - sent));
    if (n <= 0) return 0;
    sent += n;
  }
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  sigset_t waiting, usual;
  sigemptyset(&waiting);
  sigaddset(&waiting, SIGTERM);
  sigprocmask(SIG_BLOCK, &waiting, &usual); /* it comes while ppoll waits, and never between two looks at `ended` */
  const struct sigaction at_end = {.sa_handler = end};
  sigaction(SIGTERM, &at_end, NULL);
  signal(SIGPIPE, SIG_IGN);
  const int listener = socket_at(argv[1], 1);
  if (listener < 0) return 1;

  /* The listener, and then of each client its own end and the one at libvirtd. */
  struct pollfd ends[1 + 2 * max_clients] = {{listener, POLLIN, 0}};
  struct packet packets[max_clients];
  for (int i = 1; i <= 2 * max_clients; ++i) ends[i] = (struct pollfd){-1, POLLIN, 0};
  while (!ended) {
    if (ppoll(ends, 1 + 2 * max_clients, NULL, &usual) < 0) continue;
    for (int i = 0; i < max_clients; ++i) {
      struct pollfd* client = &ends[1 + 2 * i];
      struct pollfd* server = client + 1;
      if (client->fd < 0) continue;
      int open = 1;
      if (client->revents != 0) open = pass(client->fd, server->fd, &packets[i]);
      if (open && server->revents != 0) open = pass(server->fd, client->fd, NULL);
      if (open) continue;
      close(client->fd);
      close(server->fd);
      client->fd = server->fd = -1;
    }
    if (ends[0].revents == 0) continue;
    int free = 0;
    while (free < max_clients && ends[1 + 2 * free].fd >= 0) ++free;
    if (free == max_clients) return 1;
    ends[1 + 2 * free] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
    ends[2 + 2 * free] = (struct pollfd){socket_at(argv[2], 0), POLLIN, 0};
    if (ends[1 + 2 * free].fd < 0 || ends[2 + 2 * free].fd < 0) return 1;
    packets[free] = (struct packet){.seen = 0};
  }
  printf("%lu\n", calls);
  unlink(argv[1]);
  return 0;
}
