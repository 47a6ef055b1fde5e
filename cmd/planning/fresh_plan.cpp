#include "cmd/planning/fresh_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cmd/views/run/run_json.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

std::set<std::string> pools_on(const Config& config, const RecordedState& recorded, const std::string& host) {
  std::set<std::string> pools;
  for (const auto& storage : config.storage) pools.insert(storage.pool);
  for (const auto& volume : recorded.volumes) {
    if (volume.host == host) pools.insert(volume.pool);
  }
  return pools;
}

/// Domains that were not ours when they were last seen; those that the record calls ours are read again in any case.
std::set<std::string> known_foreign(const RecordedState& recorded, const std::string& host) {
  std::set<std::string> foreign;
  const auto record = recorded.hosts.find(host);
  if (record == recorded.hosts.end() || !record->second.observed) return foreign;
  for (const auto& domain : record->second.observed->domains) {
    if (!domain.ownership) foreign.insert(domain.uuid);
  }
  for (const auto& [address, instance] : recorded.instances) foreign.erase(instance.uuid);
  return foreign;
}

/// Draws the progress of one image on a terminal; elsewhere says nothing.
class ImageProgress {
 public:
  ImageProgress(const Invocation& invocation, std::string image) : invocation_(invocation), image_(std::move(image)) {
    draws_ = invocation.redraw && invocation.streams.err_is_terminal && invocation.verbosity != Verbosity::quiet;
  }
  ~ImageProgress() {
    if (drawn_) invocation_.streams.err << "\r\x1b[2K" << std::flush;
  }
  ImageProgress(const ImageProgress&) = delete;
  ImageProgress& operator=(const ImageProgress&) = delete;

  void operator()(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    const Instant now = invocation_.outside.clock->now();
    if (!draws_ || (drawn_ && now < *drawn_ + kInterval)) return;
    drawn_ = now;
    const std::string of = total_bytes > 0 ? " of " + show_bytes(total_bytes) : "";
    const std::string line = fmt::format("image {}: reading {}{}", image_, show_bytes(done_bytes), of);
    invocation_.streams.err << "\r\x1b[2K" << cut(printable(line), kTextWidth - 1) << std::flush;
  }

 private:
  static constexpr Duration kInterval{250};
  const Invocation& invocation_;
  std::string image_;
  bool draws_ = false;
  std::optional<Instant> drawn_;
};

/// Every name that a person may use for something in the plan, and its address.
std::map<std::string, std::string> known_names(const Config& config, const RecordedState& recorded) {
  std::map<std::string, std::string> names;
  const auto add = [&names](const std::string& name, const std::string& address) { names.emplace(name, address); };
  for (const auto& group : config.groups) {
    add(address_of(group), address_of(group));
    add(group.name, address_of(group));
  }
  for (const auto& host : config.hosts) add("host." + host.name, "host." + host.name);
  const auto add_instance = [&](const InstanceAddress& address) {
    add(to_string(address), to_string(address));
    add(short_name(address), to_string(address));
    add(domain_name(config.name, address), to_string(address));
    add(group_address(address), group_address(address));
    add(address.group, group_address(address));
  };
  for (const auto& [address, instance] : recorded.instances) add_instance(address);
  for (const auto& group : config.groups) {
    for (int ordinal = 0; ordinal < group.size; ++ordinal) add_instance({group.kind, group.name, ordinal});
  }
  return names;
}

Result<PlanOptions> with_addresses(const Config& config, const RecordedState& recorded, PlanOptions options) {
  for (auto* list : {&options.targets, &options.excludes, &options.replaces}) {
    for (auto& written : *list) {
      auto address = resolve_address(config, recorded, written);
      if (!address) return address.error();
      written = std::move(*address);
    }
  }
  return options;
}

}  // namespace

std::string state_path(const Invocation& invocation, const Config& config) {
  const auto& given = invocation.global.state;
  return given ? absolute_path(invocation.outside, *given) : config.state.path;
}

Result<OpenedState> open_state(const Invocation& invocation, const Config& config, OpenMode mode) {
  return invocation.outside.open_state(state_path(invocation, config), mode);
}

HostPorts reach_hosts(const Invocation& invocation, const Config& config) {
  std::vector<HostConnection> connections;
  for (const auto& host : config.hosts) connections.push_back({.name = host.name, .uri = host.uri});
  return invocation.outside.reach_hosts(connections);
}

Live observe_hosts(Domains& domains, const Config& config, const RecordedState& recorded, Instant now) {
  std::map<std::string, ObserveRequest> requests;
  for (const auto& host : config.hosts) {
    requests[host.name] = {.pools = pools_on(config, recorded, host.name),
                           .known_foreign = known_foreign(recorded, host.name)};
  }
  Live live;
  for (auto& [host, answer] : domains.observe(requests)) {
    if (answer) {
      live[host].snapshot = std::move(*answer);
      continue;
    }
    const auto record = recorded.hosts.find(host);
    const bool failed_before = record != recorded.hosts.end() && record->second.failure;
    live[host].failure = HostFailure{answer.error(), failed_before ? record->second.failure->at : now};
  }
  return live;
}

Live recorded_live(const Config& config, const RecordedState& recorded, Instant now) {
  Live live;
  for (const auto& host : config.hosts) {
    const auto record = recorded.hosts.find(host.name);
    HostView& view = live[host.name];
    if (record != recorded.hosts.end() && record->second.failure) {
      view.failure = record->second.failure;
    } else if (record != recorded.hosts.end() && record->second.observed) {
      view.snapshot = record->second.observed;
    } else {
      view.failure = HostFailure{{.kind = ErrorKind::unreachable,
                                  .message = fmt::format("host {} has never been seen", host.name),
                                  .detail = {},
                                  .hint = "plan without --refresh=false"},
                                 now};
    }
  }
  return live;
}

Result<void> record_live(StateStore& store, const Live& live) {
  std::vector<Observation> observations;
  for (const auto& [host, view] : live) observations.push_back({.host = host, .view = view});
  return store.record_observations(observations);
}

std::vector<std::string> images_in_use(const Config& config) {
  std::vector<std::string> names;
  for (const auto& image : config.images) {
    const bool used = std::any_of(config.groups.begin(), config.groups.end(),
                                  [&](const Group& group) { return group.instance.image == image.name; });
    if (used) names.push_back(image.name);
  }
  return names;
}

Result<std::map<std::string, ImageLock>> resolve_images(const Invocation& invocation, const Config& config,
                                                        const std::vector<std::string>& names, Newer newer,
                                                        StateStore& store, const RecordedState& recorded) {
  std::map<std::string, ImageLock> locks;
  Commit commit{.at = invocation.outside.clock->now(), .begun = {}, .ended = {}, .changes = {}, .events = {}};
  const auto library = invocation.outside.image_library();
  for (const auto& name : names) {
    const Image* image = find_image(config, name);
    VSCALE_ASSERT(image != nullptr, "an image in use that the configuration does not have");
    std::optional<ImageLock> known;
    if (const auto lock = recorded.image_locks.find(name); lock != recorded.image_locks.end()) known = lock->second;
    ImageProgress progress(invocation, name);
    auto lock = library->resolve(*image, known, newer == Newer::take_newer, std::ref(progress));
    if (!lock) return lock.error();
    if (lock->image.empty()) lock->image = name;
    if (!known || *known != *lock) commit.changes.emplace_back(PutImageLock{*lock});
    locks[name] = std::move(*lock);
  }
  if (commit.changes.empty()) return locks;
  if (const auto committed = store.commit(commit); !committed) return committed.error();
  return locks;
}

Result<FreshPlan> make_plan(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                            Domains& domains, const PlanRequest& request) {
  const Config& config = *files.read.config;
  auto recorded = store.read();
  if (!recorded) return recorded.error();
  auto options = with_addresses(config, *recorded, request.options);
  if (!options) return options.error();
  PlanInput input{.config = config,
                  .recorded = {},
                  .live = {},
                  .images = {},
                  .now = {},
                  .options = *options,
                  .places = files.read.places};
  if (!options->destroy) {
    auto images = resolve_images(invocation, config, images_in_use(config), Newer::keep_lock, store, *recorded);
    if (!images) return images.error();
    input.images = std::move(*images);
  }

  PlanHeading heading{.files = invocation.global.files, .hosts = static_cast<int>(config.hosts.size()), .read_in = {}};
  const Instant began = invocation.outside.clock->now();
  if (request.refresh == Refresh::ask_hosts) {
    input.live = observe_hosts(domains, config, *recorded, began);
    heading.read_in = invocation.outside.clock->now() - began;
    if (const auto written = record_live(store, input.live); !written) return written.error();
  } else {
    input.live = recorded_live(config, *recorded, began);
  }
  recorded = store.read();  // with the locks and what was just seen: the serial that the plan stands on
  if (!recorded) return recorded.error();
  input.recorded = std::move(*recorded);
  input.now = invocation.outside.clock->now();
  Plan plan = reconcile(input);
  return FreshPlan{.plan = std::move(plan), .heading = std::move(heading), .recorded = std::move(input.recorded)};
}

void show_plan(const Invocation& invocation, const FreshPlan& fresh) {
  if (invocation.global.json) {
    invocation.streams.out << line_of(plan_json(fresh.plan));
    return;
  }
  invocation.streams.out << plan_text(fresh.plan, fresh.heading,
                                      {.paint = invocation.out_paint, .verbosity = invocation.verbosity});
  invocation.streams.out.flush();
}

Result<std::string> resolve_address(const Config& config, const RecordedState& recorded, const std::string& written) {
  const auto names = known_names(config, recorded);
  if (const auto found = names.find(written); found != names.end()) return found->second;
  // An instance that is neither recorded nor wanted is still an address.
  if (const auto address = parse_instance_address(written)) return to_string(*address);
  std::vector<std::string> candidates;
  for (const auto& [name, address] : names) candidates.push_back(name);
  std::vector<std::string> groups;
  for (const auto& group : config.groups) groups.push_back(address_of(group));
  const std::string guess = did_you_mean(written, candidates);
  return Error{.kind = ErrorKind::not_found,
               .message = fmt::format("there is no \"{}\" in {}", written, config.name),
               .detail = {},
               .hint = guess.empty() ? "there is: " + listed(groups) : guess};
}

}  // namespace vscale
