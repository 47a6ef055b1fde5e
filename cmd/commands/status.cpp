#include "cmd/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/status_view.h"
#include "cmd/views/text/command_text.h"

namespace vscale {
namespace {

/// How often --follow looks.
constexpr Duration kFollowInterval{2'000};
/// The cursor goes home, and what stood there goes away.
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

/// What status is shown by: the files as they are at each look, or as they last were without a mistake. For one thread.
class FilesInSight {
 public:
  FilesInSight(const Invocation& invocation, FilesToTellBy begun_with)
      : invocation_(invocation),
        files_(std::move(begun_with.files)),
        hosts_(reach_hosts(invocation, config())),
        trouble_(about_mistakes(begun_with.mistakes)) {}

  void read_again() {
    auto read = read_files(invocation_, ReadInput::Secrets::not_demanded);
    const std::string trouble_before = std::exchange(trouble_, trouble_in(read));
    if (!trouble_.empty()) {
      if (invocation_.global.json && trouble_ != trouble_before) invocation_.streams.err << trouble_ << std::endl;
      return;
    }
    const Config before = std::exchange(files_, std::move(*read)).read.config.value();
    if (!are_reached_alike(before, config())) hosts_ = reach_hosts(invocation_, config());
  }

  [[nodiscard]] const Config& config() const { return *files_.read.config; }
  [[nodiscard]] const ConfigurationFiles& files() const { return files_; }
  [[nodiscard]] const HostPorts& hosts() const { return hosts_; }
  /// Have they a mistake now, or can they not be read?
  [[nodiscard]] bool are_in_trouble() const { return !trouble_.empty(); }
  /// A sentence; empty if the files say what is to be, and nothing else was applied.
  [[nodiscard]] std::string about() const {
    if (are_in_trouble()) return trouble_;
    return are_files_to_be_applied(invocation_, files_) ? "The file is not applied yet: RANGE is the file's." : "";
  }

 private:
  static std::string about_mistakes(const Diagnostics& diagnostics) {
    const auto mistake = std::find_if(diagnostics.begin(), diagnostics.end(),
                                      [](const auto& one) { return one.severity == Severity::error; });
    if (mistake == diagnostics.end()) return "";
    const SourceSpan& where = mistake->where;
    const std::string place = where.line == 0 ? "" : fmt::format(" at {}:{}:{}", where.file, where.line, where.column);
    return fmt::format("A mistake{}: shown by what held before.", place);
  }

  static std::string trouble_in(const Result<ConfigurationFiles>& read) {
    if (!read) return read.error().message + ": shown by what held before.";
    return read->read.config ? "" : about_mistakes(read->read.diagnostics);
  }

  static bool are_reached_alike(const Config& left, const Config& right) {
    return std::equal(
        left.hosts.begin(), left.hosts.end(), right.hosts.begin(), right.hosts.end(),
        [](const Host& one, const Host& other) { return one.name == other.name && one.uri == other.uri; });
  }

  const Invocation& invocation_;
  ConfigurationFiles files_;
  HostPorts hosts_;
  std::string trouble_;
};

/// Everything, or a host could not be reached, or not all is known of what is there.
enum class Shown { all, part };

/// One look, shown.
Result<Shown> show_status(const StatusArguments& arguments, const FilesInSight& files, Invocation& invocation) {
  const Config& config = files.config();
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return recorded.error();
  const Live live = observe_hosts(*files.hosts().domains, config, recorded->state, invocation.outside.clock->now());
  const Instant now = invocation.outside.clock->now();
  const auto command = [&, secrets = secrets_of(files.files().read.variables)](const std::string& words,
                                                                               const PlanOptions& options) {
    return command_text(words, invocation.global, options, secrets);
  };
  const Status status = status_of(config, recorded->state, live, recorded->running, now, command);
  std::optional<std::string> group;
  if (arguments.group) {
    auto found = group_meant(config, recorded->state, *arguments.group);
    if (!found) return found.error();
    group = std::move(*found);
  }
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(status_json(status, group, now));
  } else {
    if (arguments.follow && invocation.redraw) out << kClearScreen;
    const bool told_before = !arguments.follow && files.are_in_trouble();  // at length
    out << status_text(status, {.paint = invocation.out_paint,
                                .verbosity = invocation.verbosity,
                                .group = group,
                                .now = now,
                                .time_of_day = invocation.outside.time_of_day,
                                .about_files = told_before ? "" : files.about()});
  }
  const bool all_reachable =
      std::all_of(live.begin(), live.end(), [](const auto& host) { return host.second.snapshot.has_value(); });
  const bool all_known = std::none_of(status.instances.begin(), status.instances.end(),
                                      [](const InstanceStatus& instance) { return instance.state == "unknown"; });
  return all_reachable && all_known ? Shown::all : Shown::part;
}

}  // namespace

ExitCode run_command(const StatusArguments& arguments, Invocation& invocation) {
  auto begun_with = read_files_to_tell_by(invocation);
  if (!begun_with) return ExitCode::error;
  FilesInSight files(invocation, std::move(*begun_with));
  Outside& outside = invocation.outside;
  auto shown = show_status(arguments, files, invocation);
  if (arguments.follow) outside.interrupt_gently();
  const auto goes_on = [&] { return arguments.follow && shown && outside.stop_request() == StopRequest::none; };
  while (goes_on()) {
    invocation.streams.out.flush();
    outside.clock->sleep_until(outside.clock->now() + kFollowInterval);
    if (!goes_on()) break;
    if (!invocation.global.json && !invocation.redraw) invocation.streams.out << "\n";
    files.read_again();
    shown = show_status(arguments, files, invocation);
  }
  if (!shown) return fail(invocation, shown.error());
  if (files.are_in_trouble()) return ExitCode::error;
  return *shown == Shown::all ? ExitCode::ok : ExitCode::partial;
}

}  // namespace vscale
