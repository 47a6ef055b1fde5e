#include "providers/service/service_notifier.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "providers/file_descriptor.h"
#include "providers/last_system_error.h"

// libsystemd's sd_notify() is not used: it waits without a bound for a service manager whose queue is full, and the ten
// datagrams that fit are full soon. The protocol is open to everybody by its manual.

namespace vscale {
namespace {

std::string text_of(const char* value) {
  return value == nullptr ? "" : value;
}

/// A number of microseconds or a process, as systemd writes them; nothing for anything else.
std::optional<std::int64_t> number_from(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number <= 0) return std::nullopt;
  return number;
}

/// A line break would begin another assignment.
std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

Error cannot_tell(const std::string& socket) {
  const bool is_silent = errno == EAGAIN || errno == EWOULDBLOCK;
  Error error = last_system_error(fmt::format("the service manager at {} was not told", socket));
  if (is_silent) error.kind = ErrorKind::timed_out;
  return error;
}

}  // namespace

ServiceEnvironment service_environment() {
  return {.notify_socket = text_of(std::getenv("NOTIFY_SOCKET")),
          .watchdog_usec = text_of(std::getenv("WATCHDOG_USEC")),
          .watchdog_pid = text_of(std::getenv("WATCHDOG_PID")),
          .journal_stream = text_of(std::getenv("JOURNAL_STREAM"))};
}

bool leads_to_journal(const ServiceEnvironment& environment, int descriptor) {
  struct stat file {};
  if (::fstat(descriptor, &file) != 0) return false;
  return environment.journal_stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

Result<void> ServiceNotifier::ready() const {
  return tell("READY=1");
}

Result<void> ServiceNotifier::status(const std::string& text) const {
  return tell("STATUS=" + one_line(text));
}

Result<void> ServiceNotifier::alive() const {
  return tell("WATCHDOG=1");
}

Result<void> ServiceNotifier::stopping() const {
  return tell("STOPPING=1");
}

std::optional<Duration> ServiceNotifier::alive_interval() const {
  const auto usec = number_from(environment_.watchdog_usec);
  const bool is_for_another =
      !environment_.watchdog_pid.empty() && number_from(environment_.watchdog_pid) != std::int64_t{::getpid()};
  if (!usec || is_for_another) return std::nullopt;
  return std::max(Duration{1}, std::chrono::floor<Duration>(std::chrono::microseconds{*usec}) / 2);
}

Result<void> ServiceNotifier::tell(const std::string& assignment) const {
  const std::string& name = environment_.notify_socket;
  if (name.empty()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_abstract = name.front() == '@';
  if ((name.front() != '/' && !is_abstract) || name.size() >= sizeof address.sun_path) {
    return Error{ErrorKind::invalid, fmt::format("NOTIFY_SOCKET is \"{}\", which is no socket's name", name), "",
                 "systemd sets it: leave it alone"};
  }
  name.copy(address.sun_path, name.size());
  if (is_abstract) address.sun_path[0] = '\0';
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 0 : 1));

  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return cannot_tell(name);
  static_assert(kNotifyTimeout < std::chrono::seconds{1});
  const timeval bound{.tv_sec = 0, .tv_usec = std::chrono::microseconds{kNotifyTimeout}.count()};
  ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
  const ssize_t sent = ::sendto(socket.number(), assignment.data(), assignment.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), bytes);
  if (sent < 0) return cannot_tell(name);
  return {};
}

}  // namespace vscale
