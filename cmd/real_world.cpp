#include "cmd/real_world.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <system_error>
#include <thread>

#include "cmd/planning/local_files.h"
#include "cmd/signals.h"
#include "cmd/statefile.h"
#include "engine/execution/threaded_runner.h"
#include "providers/clock/system_clock.h"
#include "providers/clock/time_zones.h"
#include "providers/http/http_client.h"
#include "providers/image/image_library.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/network/network_probe.h"
#include "providers/process/process_commands.h"
#include "providers/sqlite/metrics/sqlite_metrics_store.h"
#include "providers/sqlite/sqlite_state_store.h"
#include "schemas/json/scaling/decision_json.h"
#include "schemas/json/template_json.h"

namespace vscale {
namespace {

/// A thread for each host reads what becomes the one picture of all of them. With an arena for each thread, most of
/// what such a reading took would lie in it until the next.
constexpr int kArenas = 2;

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string working_folder() {
  std::array<char, 4096> buffer{};
  return ::getcwd(buffer.data(), buffer.size()) == nullptr ? "/" : std::string(buffer.data());
}

std::string machine_name() {
  std::array<char, 256> buffer{};
  return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? std::string(buffer.data()) : "localhost";
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? std::to_string(::getuid()) : std::string(entry->pw_name);
}

std::string image_cache() {
  const std::string place = "/vscale/images";
  if (const auto cache = environment("XDG_CACHE_HOME"); cache && cache->starts_with('/')) return *cache + place;
  if (const auto home = environment("HOME"); home && home->starts_with('/')) return *home + "/.cache" + place;
  return "/var/cache" + place;
}

std::string time_of_day(Instant at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

Error become(const std::vector<std::string>& argv, const std::map<std::string, std::string>& variables) {
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> pointers;
  for (const auto& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execvp changes nothing
  pointers.push_back(nullptr);
  std::cout.flush();
  ::umask(S_IWGRP | S_IWOTH);
  std::signal(SIGPIPE, SIG_DFL);  // what is ignored here would stay so over there
  ::execvp(pointers.front(), pointers.data());
  return {.kind = ErrorKind::failed,
          .message = fmt::format("{} cannot be run", argv.front()),
          .detail = std::strerror(errno),
          .hint = fmt::format("is it installed? which {}", argv.front())};
}

Result<OpenedState> open_state(const std::string& path, OpenMode mode) {
  StateStoreOptions options;
  options.templates = {.write = template_text, .read = template_from_text};
  options.scaling = {.write_memory = memory_text,
                     .read_memory = memory_from_text,
                     .write_decision = decision_text,
                     .read_decision = decision_from_text};
  return open_statefile(path, mode, options);
}

bool in_background(std::function<void()> work) {
  try {
    std::thread(std::move(work)).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

Outside real_world() {
  ::mallopt(M_ARENA_MAX, kArenas);
  auto clock = std::make_shared<SystemClock>();
  handle_signals(*clock);
  return {.clock = clock,
          .time_of_day = time_of_day,
          .working_folder = working_folder(),
          .user = user_name(),
          .machine = machine_name(),
          .pid = ::getpid(),
          .environment = environment,
          .read_file = read_local_file,
          .write_private_file = write_private_local_file,
          .open_state = open_state,
          .reach_hosts =
              [clock](const std::vector<HostConnection>& hosts) {
                const auto all =
                    std::make_shared<LibvirtHosts>(hosts, LibvirtOptions{}, *clock, [clock] { clock->interrupt(); });
                return HostPorts{.domains = all, .volumes = all, .guests = all, .events = all};
              },
          .image_library =
              [clock] {
                return std::make_shared<CachedImageLibrary>(*clock, ImageLibraryOptions{.cache_dir = image_cache()});
              },
          .network_probe = [] { return std::make_shared<SocketProbe>(); },
          .commands = [] { return std::make_shared<ProcessCommands>(); },
          .time_zones = std::make_shared<SystemTimeZones>(),
          .number_sources = [] { return std::make_shared<HttpClient>(); },
          .open_metrics = [](const std::string& path) { return std::make_unique<SqliteMetricsStore>(path); },
          .in_background = in_background,
          .serve = [](const ListenEndpoint& endpoint,
                      HttpRoutes routes) { return HttpServer::start(endpoint, std::move(routes)); },
          .service = std::make_shared<ServiceNotifier>(service_environment()),
          .action_runner =
              [](const Config& config, WorldPorts ports, std::shared_ptr<const void> owner, int threads) {
                return std::make_unique<ThreadedRunner>(config, ports, std::move(owner), threads);
              },
          .interrupt_gently = interrupt_gently,
          .interrupt_between_runs = interrupt_between_runs,
          .stop_request = stop_request,
          .new_id = random_id,
          .become = become};
}

}  // namespace vscale
