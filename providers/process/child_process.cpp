#include "providers/process/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "providers/last_system_error.h"
#include "providers/process/process_commands.h"

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64 * 1024;
/// The largest pipe that a process without privileges can ask for.
constexpr std::size_t kPipeMaxBytes = 1024 * 1024;
constexpr Duration kReapEvery{2};
constexpr int kSignalBase = 128;

Error cannot_begin(const Command& command, int number) {
  const std::string& program = command.argv.front();
  const bool by_path = program.find('/') != std::string::npos;
  std::string message = fmt::format("\"{}\" cannot be run", program);
  std::string hint;
  if (number == ENOENT) {
    message = fmt::format("\"{}\" is not there{}", program, by_path ? "" : ": no folder of PATH has it");
    hint = by_path ? "install it; if it is a script, so is the program that its first line names"
                   : "install it, or write its whole path";
  } else if (number == EACCES) {
    message = fmt::format("\"{}\" may not be executed", program);
    hint = fmt::format("chmod +x {}", program);
  } else if (number == ENOEXEC) {
    hint = "a script needs a first line such as #!/bin/sh";
  }
  return system_error(number, std::strerror(number), std::move(message), std::move(hint));
}

Error cannot_prepare(const Command& command) {
  return last_system_error(fmt::format("\"{}\" cannot be run: no pipe to it", command.argv.front()));
}

bool holds_zero_byte(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<void> check(const Command& command) {
  VSCALE_ASSERT(!command.argv.empty(), "a command without a program");
  const bool bad_word = std::any_of(command.argv.begin(), command.argv.end(), holds_zero_byte);
  const bool bad_variable =
      std::any_of(command.environment.begin(), command.environment.end(),
                  [](const auto& variable) { return holds_zero_byte(variable.first + variable.second); });
  if (!bad_word && !bad_variable) return {};
  return Error{ErrorKind::invalid,
               fmt::format("\"{}\" cannot be run: {} holds a zero byte", command.argv.front().c_str(),
                           bad_word ? "a word of its command line" : "its environment"),
               {},
               "hand it over as input"};
}

/// One that is not 0, 1 or 2, whatever of those vscale was started without: they are given to the child in turn, and
/// one must not be closed by the one before.
FileDescriptor above_standard(FileDescriptor descriptor) {
  if (!descriptor.is_open() || descriptor.number() > STDERR_FILENO) return descriptor;
  return FileDescriptor(::fcntl(descriptor.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

struct Pipe {
  FileDescriptor ours, its;
};

Result<Pipe> make_pipe(const Command& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_prepare(command);
  Pipe pipe{FileDescriptor(ends[0]), above_standard(FileDescriptor(ends[1]))};
  if (!pipe.its.is_open() || ::fcntl(pipe.ours.number(), F_SETFL, O_NONBLOCK) != 0) return cannot_prepare(command);
  return pipe;
}

Result<FileDescriptor> input_of(const Command& command) {
  FileDescriptor file = above_standard(FileDescriptor(command.input.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                                                            : ::memfd_create("stdin", MFD_CLOEXEC)));
  if (!file.is_open()) return cannot_prepare(command);
  for (std::size_t at = 0; at < command.input.size();) {
    const ssize_t written =
        ::pwrite(file.number(), command.input.data() + at, command.input.size() - at, static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cannot_prepare(command);
    at += static_cast<std::size_t>(written);
  }
  return file;
}

/// What posix_spawn is told beside the program. Closing from 3 on leaves no race with a thread that opens one just now.
class SpawnOptions {
 public:
  SpawnOptions(int in, int out, int err) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnOptions() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const Command& command) {
  if (const auto fine = check(command); !fine) return fine.error();
  auto in = input_of(command);
  if (!in) return in.error();
  auto out = make_pipe(command);
  if (!out) return out.error();
  auto err = make_pipe(command);
  if (!err) return err.error();

  std::vector<std::string> words = command.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
  const SpawnOptions options(in->number(), out->its.number(), err->its.number());
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, words.front().c_str(), options.actions(), options.attributes(),
                                    pointers_to(words).data(), pointers_to(variables).data());
  if (failed != 0) return cannot_begin(command, failed);
  return ChildProcess(pid, std::move(out->ours), std::move(err->ours));
}

ChildProcess::ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err)
    : pid_(pid), out_{std::move(out)}, err_{std::move(err)} {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), out_(std::move(other.out_)), err_(std::move(other.err_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  signal_group(SIGKILL);
  const auto deadline = SteadyClock::now() + kKillTimeout;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0 && SteadyClock::now() < deadline) {
    ::poll(nullptr, 0, static_cast<int>(kReapEvery.count()));
  }
}

void ChildProcess::listen(Duration longest) {
  // poll() passes over a descriptor that is negative, such as that of a pipe that is closed.
  std::array<pollfd, 2> pipes{pollfd{out_.pipe.number(), POLLIN, 0}, pollfd{err_.pipe.number(), POLLIN, 0}};
  if (::poll(pipes.data(), pipes.size(), static_cast<int>(std::max(longest, Duration{0}).count())) <= 0) return;
  if (pipes[0].revents != 0) take_piece(out_);
  if (pipes[1].revents != 0) take_piece(err_);
}

void ChildProcess::take_the_rest() {
  for (Stream* stream : {&out_, &err_}) {
    // Somebody who has left the group may write on for ever.
    for (std::size_t pieces = 0; pieces < kPipeMaxBytes / kPieceBytes && take_piece(*stream); ++pieces) {
    }
  }
}

bool ChildProcess::take_piece(Stream& stream) {
  if (!stream.pipe.is_open()) return false;
  std::array<char, kPieceBytes> piece;
  const ssize_t bytes = ::read(stream.pipe.number(), piece.data(), piece.size());
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (bytes <= 0) {
    stream.pipe = FileDescriptor();
    return false;
  }
  const std::size_t room = kCommandOutputMaxBytes - stream.text.size();
  stream.text.append(piece.data(), std::min(static_cast<std::size_t>(bytes), room));
  return true;
}

Result<std::optional<int>> ChildProcess::exit_code() {
  siginfo_t how{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR) {
    pid_ = -1;  // It was reaped without us, and its number may be another's.
    return last_system_error("the end of a command cannot be seen", "start vscale where SIGCHLD is not ignored");
  }
  if (how.si_pid == 0) return std::optional<int>();
  return std::optional<int>(how.si_code == CLD_EXITED ? how.si_status : kSignalBase + how.si_status);
}

void ChildProcess::signal_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

}  // namespace vscale
