#include "tests/cmd/fake_world.h"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT: mkdtemp
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "cmd/statefile.h"
#include "providers/clock/time_zones.h"
#include "providers/fake/simulated_runner.h"
#include "tests/support/state_store_options.h"

namespace vscale::test {
namespace {

constexpr std::uint64_t kSeed = 1;

std::string new_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "vscale-cmd-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return path;
}

/// What several programs, one after another, keep in one place.
class KeptMetrics final : public MetricsStore {
 public:
  explicit KeptMetrics(std::shared_ptr<MetricsStore> kept) : kept_(std::move(kept)) {}

  Result<void> write(const MetricsTick& tick) override { return kept_->write(tick); }
  Result<std::map<std::string, Samples>> samples(Instant since) override { return kept_->samples(since); }
  Result<CounterReadings> readings() override { return kept_->readings(); }
  Result<std::vector<MetricAggregate>> aggregates(const std::string& group, Metric metric, Instant from,
                                                  Instant to) override {
    return kept_->aggregates(group, metric, from, to);
  }

 private:
  std::shared_ptr<MetricsStore> kept_;
};

/// A statefile of its own lineage each time would make golden texts differ.
StateStoreOptions state_options() {
  StateStoreOptions options = store_options();
  options.new_lineage = [] { return std::string("8d1f2a00-0000-4000-8000-000000000001"); };
  return options;
}

}  // namespace

FakeWorld::FakeWorld()
    : folder_(new_folder()),
      clock_(std::make_shared<VirtualClock>()),
      cluster_(std::make_shared<FakeCluster>(kSeed, *clock_)),
      images_(std::make_shared<FakeImageLibrary>(*clock_)) {
  cluster_->add_host({.name = "kvm1"});
  cluster_->add_host({.name = "kvm2"});
  outside_.clock = clock_;
  outside_.time_of_day = [](Instant at) { return rfc3339(at).substr(11, 8); };
  outside_.working_folder = folder_;
  outside_.user = "anna";
  outside_.machine = "ctl1";
  outside_.pid = ::getpid();
  outside_.environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = environment_.find(name);
    return found == environment_.end() ? std::nullopt : std::optional(found->second);
  };
  outside_.read_file = [this](const std::string& path) -> Result<std::string> {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    return Error{.kind = ErrorKind::not_found,
                 .message = std::filesystem::path(path).filename().string() + ": cannot be opened",
                 .detail = "No such file or directory",
                 .hint = {}};
  };
  outside_.write_private_file = [this](const std::string& path, const std::string& text) -> Result<void> {
    files_[path] = text;
    return {};
  };
  outside_.open_state = [](const std::string& path, OpenMode mode) {
    return open_statefile(path, mode, state_options());
  };
  outside_.reach_hosts = [this](const std::vector<HostConnection>&) {
    return HostPorts{.domains = cluster_, .volumes = cluster_, .guests = cluster_, .events = cluster_};
  };
  outside_.image_library = [this] { return images_; };
  outside_.network_probe = [this] { return cluster_; };
  outside_.commands = [this] { return commands_; };
  outside_.time_zones = std::make_shared<SystemTimeZones>();
  outside_.number_sources = [this] { return sources_; };
  outside_.open_metrics = [this](const std::string&) { return std::make_unique<KeptMetrics>(metrics_); };
  outside_.in_background = [](const std::function<void()>& work) {
    work();
    return true;
  };
  outside_.serve = [](const ListenEndpoint&, const HttpRoutes&) -> Result<std::unique_ptr<HttpServer>> {
    return Error{.kind = ErrorKind::unsupported, .message = "this is a test", .detail = {}, .hint = {}};
  };
  outside_.action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<SimulatedRunner>(kSeed, config, ports);
  };
  outside_.interrupt_gently = [this] { between_runs_ = false; };
  outside_.interrupt_between_runs = [this] { between_runs_ = true; };
  outside_.stop_request = [this] { return stop_ ? stop_() : StopRequest::none; };
  outside_.new_id = [this] { return fmt::format("id-{}", ++ids_); };
  outside_.become = [this](const std::vector<std::string>& argv, const std::map<std::string, std::string>& variables) {
    became_ = argv;
    became_with_ = variables;
    return Error{.kind = ErrorKind::failed, .message = "this is a test", .detail = {}, .hint = {}};
  };
}

FakeWorld::~FakeWorld() {
  std::filesystem::remove_all(folder_);
}

std::string FakeWorld::written(const std::string& name) const {
  const auto found = files_.find(folder_ + "/" + name);
  return found == files_.end() ? "" : found->second;
}

Ran FakeWorld::vscale(const std::vector<std::string>& words) {
  return run_with(words, "", false);
}

Ran FakeWorld::vscale_on_terminal(const std::vector<std::string>& words, const std::string& input) {
  return run_with(words, input, true);
}

Ran FakeWorld::run_with(const std::vector<std::string>& words, const std::string& input, bool terminal) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{.in = in,
                  .out = out,
                  .err = err,
                  .in_is_terminal = terminal,
                  .out_is_terminal = terminal,
                  .err_is_terminal = terminal};
  const int code = run(words, streams, outside_);
  return {code, out.str(), err.str()};
}

std::string web_config(int size) {
  return fmt::format(
      "version: 1\n"
      "name: prod\n"
      "hosts:\n"
      "  kvm1: {{ uri: \"qemu+ssh://root@kvm1/system\" }}\n"
      "  kvm2: {{ uri: \"qemu+ssh://root@kvm2/system\" }}\n"
      "images:\n"
      "  debian-12: {{ source: /srv/debian-12.qcow2, agent: present }}\n"
      "storage:\n"
      "  local: {{ pool: default }}\n"
      "networks:\n"
      "  lan: {{ bridge: br0, addresses: [10.0.0.50-10.0.0.99], prefix: 24, gateway: 10.0.0.1 }}\n"
      "groups:\n"
      "  web:\n"
      "    template:\n"
      "      image: debian-12\n"
      "      vcpus: 2\n"
      "      memory: 2GiB\n"
      "      disk: 20GiB\n"
      "      networks: [lan]\n"
      "      cloudInit: {{ user: debian }}\n"
      "    size: {}\n",
      size);
}

std::string web_in_place(int size) {
  return web_config(size) + "    update: { maxSurge: 0, maxUnavailable: 1 }\n";
}

AppliedWorld::AppliedWorld(int size) {
  write("vscale.yaml", web_config(size));
  const auto applied = vscale({"apply", "--auto-approve"});
  INFO(applied.out << applied.err);
  REQUIRE(applied.code == 0);
}

RunInProgress::RunInProgress(FakeWorld& world, const std::string& operation)
    : state_(world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write_create)) {
  REQUIRE(state_.ok());
  auto lock = state_->store->lock({.id = "other",
                                   .operation = operation,
                                   .user = "bob",
                                   .host = "ctl1",
                                   .pid = ::getpid(),
                                   .since = world.clock().now() - std::chrono::minutes{5}});
  REQUIRE(lock.ok());
  lock_ = std::move(*lock);
}

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  std::string line;
  while (std::getline(in, line)) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace vscale::test
