/* Counts the requests that a client makes to a libvirtd: stands between the two and reads the headers.
 * usage: rpc_count LISTEN_SOCKET LIBVIRTD_SOCKET     serves one client, then prints the number of its calls */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { length_at = 0, type_at = 16, header_bytes = 20, type_call = 0, type_call_with_fds = 4 };

static unsigned long calls;
static unsigned char header[header_bytes];
static uint32_t seen; /* bytes of the current packet */
static uint32_t length;

static uint32_t word(int at) {
  uint32_t value;
  memcpy(&value, header + at, sizeof value);
  return ntohl(value);
}

static void read_byte(unsigned char byte) {
  if (seen < header_bytes) header[seen] = byte;
  ++seen;
  if (seen == header_bytes) {
    length = word(length_at);
    if (word(type_at) == type_call || word(type_at) == type_call_with_fds) ++calls;
  }
  if (seen > header_bytes - 1 && seen == length) seen = 0;
}

static int socket_at(const char* path, int listening) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (!listening) return connect(fd, (struct sockaddr*)&address, sizeof address) == 0 ? fd : -1;
  unlink(path);
  return bind(fd, (struct sockaddr*)&address, sizeof address) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

/* Passes on what there is; 0 at the end. */
static int pass(int from, int to, int counted) {
  static unsigned char buffer[1 << 16];
  const ssize_t got = read(from, buffer, sizeof buffer);
  if (got <= 0) return 0;
  for (ssize_t i = 0; counted && i < got; ++i) read_byte(buffer[i]);
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t n = write(to, buffer + sent, (size_t)(got - sent));
    if (n <= 0) return 0;
    sent += n;
  }
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int listener = socket_at(argv[1], 1);
  if (listener < 0) return 1;
  const int client = accept(listener, NULL, NULL);
  const int server = socket_at(argv[2], 0);
  if (client < 0 || server < 0) return 1;
  struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  for (int open = 1; open && poll(ends, 2, -1) > 0;) {
    if (ends[0].revents != 0) open = pass(client, server, 1);
    if (open && ends[1].revents != 0) open = pass(server, client, 0);
  }
  printf("%lu\n", calls);
  unlink(argv[1]);
  return 0;
}
