#include "schemas/config/config_builder.h"

#include <fmt/core.h>

#include <filesystem>
#include <string_view>

#include "engine/values/text/lower_case.h"
#include "schemas/text/bounds.h"
#include "schemas/text/ipv4_text.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

constexpr std::string_view kHome = "~/";

Host build_host(const std::string& name, const Node& node) {
  Host host{.name = name,
            .uri = "",
            .labels = {},
            .capacity = {},
            .reserved_memory_bytes = {},
            .migration_address = "",
            .fence = {}};
  const TreeView view(&node);
  view.take("uri", host.uri);
  for (const Entry& label : view.entries("labels")) host.labels[label.key] = label.value->text;
  const TreeView capacity = view.view("capacity");
  capacity.take("vcpus", host.capacity.vcpus);
  capacity.take("memory", host.capacity.memory_bytes);
  capacity.take("networkMbps", host.capacity.network_mbps);
  const TreeView reserved = view.view("reserved");
  reserved.take("vcpus", host.reserved_vcpus);
  reserved.take("memory", host.reserved_memory_bytes);
  const TreeView overcommit = view.view("overcommit");
  overcommit.take("vcpus", host.overcommit_vcpus);
  overcommit.take("memory", host.overcommit_memory);
  view.take("migrationAddress", host.migration_address);
  for (const NodePtr& item : view.items("fence")) {
    const TreeView method(item.get());
    if (method.has("command")) {
      host.fence.push_back({FenceMethod::Kind::command, method.texts("command")});
    } else if (method.has("manual")) {
      host.fence.push_back({FenceMethod::Kind::manual, {}});
    }
  }
  return host;
}

ImageSource build_source(const Node& node, BuildContext& context) {
  ImageSource source;
  if (node.kind == Node::Kind::map) {
    const TreeView view(&node);
    view.take("host", source.volume_host);
    view.take("pool", source.volume_pool);
    view.take("volume", source.volume_name);
  } else if (node.text.find("://") != std::string::npos) {
    source.url = node.text;
  } else {
    source.path = context.files.absolute(node.text, node.place);
  }
  return source;
}

Image build_image(const std::string& name, const Node& node, BuildContext& context) {
  Image image{.name = name, .source = {}, .checksum = "", .checksum_url = ""};
  const TreeView view(&node);
  if (const Node* source = view.at("source")) image.source = build_source(*source, context);
  view.take("checksum", image.checksum);
  image.checksum = lower_case(image.checksum);
  view.take("checksumUrl", image.checksum_url);
  view.take_word(
      "agent", image.agent,
      {{"install", Image::Agent::install}, {"present", Image::Agent::present}, {"none", Image::Agent::none}});
  view.take_word("distribution", image.distribution,
                 {{"copy", Image::Distribution::copy}, {"shared", Image::Distribution::shared}});
  view.take("keep", image.keep);
  return image;
}

Storage build_storage(const std::string& name, const Node& node) {
  Storage storage{.name = name, .pool = "", .path = ""};
  const TreeView view(&node);
  view.take("pool", storage.pool);
  view.take("path", storage.path);
  view.take("shared", storage.shared);
  view.take("reserved", storage.reserved_bytes);
  view.take("overcommit", storage.overcommit);
  return storage;
}

Network build_network(const std::string& name, const Node& node) {
  Network network{.name = name, .bridge = "", .network = "", .vlan = {}, .addresses = {}, .gateway = "", .dns = {}};
  const TreeView view(&node);
  view.take("bridge", network.bridge);
  view.take("network", network.network);
  view.take("vlan", network.vlan);
  for (const std::string& text : view.texts("addresses")) {
    // A range that runs backwards is reported by the checks, from the text.
    if (const auto range = parse_ipv4_range(text)) network.addresses.push_back(*range);
  }
  view.take("prefix", network.prefix);
  view.take("gateway", network.gateway);
  network.dns = view.texts("dns");
  return network;
}

Limits build_limits(const TreeView& view) {
  Limits limits;
  view.take("destroy", limits.destroy);
  view.take("replace", limits.replace);
  view.take("parallel", limits.parallel);
  view.take("perHost", limits.per_host);
  view.take("uploads", limits.uploads);
  view.take("booting", limits.booting);
  return limits;
}

/// An own path is relative to the file that names it, as all are; else it is one of the first file's neighbours.
std::string neighbour(const TreeView& view, std::string path, BuildContext& context) {
  Place where{.file = 0, .line = 1, .column = 1, .length = 1, .offset = 0};
  if (const Node* written = view.at("path")) where = written->place;
  view.take("path", path);
  return context.files.absolute(path, where);
}

Metrics build_metrics(const TreeView& view, BuildContext& context) {
  Metrics metrics;
  view.take("interval", metrics.interval);
  view.take("retention", metrics.retention);
  view.take("history", metrics.history);
  metrics.path = neighbour(view, metrics.path, context);
  if (!view.has("influxdb")) return metrics;
  const TreeView influxdb = view.view("influxdb");
  metrics.influxdb.emplace();
  influxdb.take("url", metrics.influxdb->url);
  influxdb.take("database", metrics.influxdb->database);
  influxdb.take("username", metrics.influxdb->username);
  influxdb.take("password", metrics.influxdb->password);
  return metrics;
}

StateFile build_state(const TreeView& view, BuildContext& context) {
  const TreeView sqlite = view.view("sqlite");
  const TreeView backup = sqlite.view("backup");
  StateFile state{.path = neighbour(sqlite, "vscale.db", context), .backup_every = {}};
  backup.take("keep", state.backup_keep);
  backup.take("every", state.backup_every);
  return state;
}

Watch build_watch(const TreeView& view) {
  Watch watch;
  view.take("interval", watch.interval);
  view.take_word("follow", watch.follow, {{"applied", Watch::Follow::applied}, {"file", Watch::Follow::file}});
  view.take_word("drift", watch.drift, {{"repair", Watch::Drift::repair}, {"report", Watch::Drift::report}});
  view.take("hostDeadAfter", watch.host_dead_after);
  watch.witness = view.texts("witness");
  view.take("listen", watch.listen);
  if (view.has("checkIn")) {
    const TreeView check_in = view.view("checkIn");
    const TreeView tls = check_in.view("tls");
    watch.check_in = CheckIn{check_in.text("listen"), check_in.text("advertise"), tls.text("cert"), tls.text("key")};
  }
  for (const NodePtr& item : view.items("notify")) {
    const TreeView notify(item.get());
    watch.notify.push_back({notify.text("webhook"), notify.texts("events")});
  }
  return watch;
}

Survive build_survive(const TreeView& view) {
  Survive survive;
  view.take("failures", survive.failures);
  view.take("unit", survive.unit);
  view.take_word("onViolation", survive.on_violation,
                 {{"refuse", Survive::OnViolation::refuse}, {"warn", Survive::OnViolation::warn}});
  return survive;
}

void build_moves(const TreeView& root, Config& config) {
  for (const NodePtr& item : root.items("moved")) {
    const TreeView move(item.get());
    config.moved.push_back({move.text("from"), move.text("to")});
  }
  for (const NodePtr& item : root.items("removed")) {
    const TreeView removal(item.get());
    Removed removed{.address = removal.text("address")};
    removal.take_word("then", removed.then, {{"destroy", Removed::Then::destroy}, {"forget", Removed::Then::forget}});
    config.removed.push_back(std::move(removed));
  }
}

}  // namespace

std::string NamedFiles::absolute(const std::string& path, const Place& where) const {
  namespace fs = std::filesystem;
  if (const std::string home = home_of(path); !home.empty()) {
    return (fs::path(home) / path.substr(kHome.size())).lexically_normal().string();
  }
  const std::string naming = where.file < 0 ? "" : reporter_.file(where.file).path();
  const fs::path folder = fs::path(input_.working_folder) / fs::path(naming).parent_path();
  return (folder / path).lexically_normal().string();
}

// The folder that a leading ~/ stands for; empty: it stands for none, being absent or without a HOME.
std::string NamedFiles::home_of(const std::string& path) const {
  if (!path.starts_with(kHome) || !input_.environment) return "";
  return input_.environment("HOME").value_or("");
}

std::optional<NamedFiles::File> NamedFiles::read(const std::string& path, const Place& where,
                                                 const std::string& subject) {
  const std::string whole = absolute(path, where);
  const auto report = [&](const char* code, const std::string& what, const std::string& hint) {
    reporter_.error(where, {.code = code, .summary = fmt::format("{}: {}", subject, what), .label = "", .hint = hint});
    return std::nullopt;
  };
  const auto known = known_.find(whole);
  if (known != known_.end()) {
    if (known->second < 0)
      return report("unreadable_file", fmt::format("{} cannot be used", quote(path)),
                    "correct what is said of it elsewhere");
    return File{&reporter_.file(known->second).text(), known->second};
  }
  known_[whole] = -1;
  if (!input_.read_file)
    return report("unreadable_file", fmt::format("{} cannot be read here", quote(path)),
                  "write its contents into the file");
  Result<std::string> text = input_.read_file(whole);
  if (!text) {
    const bool is_path_of_shell = path.starts_with('~') && home_of(path).empty();
    return report("unreadable_file", fmt::format("{} cannot be read: {}", quote(path), to_string(text.error())),
                  is_path_of_shell ? "only ~/ stands for a home folder, and only where HOME is set"
                                   : "paths are relative to the file that names them");
  }
  if (text->size() > kMaxValueBytes) {
    return report("too_large",
                  fmt::format("{} has {} bytes, and {} are allowed", quote(path), text->size(), kMaxValueBytes),
                  "let the guest fetch what is large");
  }
  if (find_invalid_utf8(*text) != std::string::npos || find_control_character(*text) != std::string::npos) {
    return report("control_character", fmt::format("{} holds control characters, or is not UTF-8", quote(path)),
                  "it has to be a text file");
  }
  known_[whole] = reporter_.add_file(SourceText(path, *text, false));
  all_.push_back({whole, *text});
  return File{&reporter_.file(known_[whole]).text(), known_[whole]};
}

Config build_config(const Node& root, BuildContext& context) {
  const TreeView view(&root);
  Config config;
  view.take("name", config.name);
  config.state = build_state(view.view("state"), context);
  config.limits = build_limits(view.view("limits"));
  config.metrics = build_metrics(view.view("metrics"), context);
  config.watch = build_watch(view.view("watch"));
  if (view.has("survive")) config.survive = build_survive(view.view("survive"));
  for (const Entry& entry : view.entries("hosts")) config.hosts.push_back(build_host(entry.key, *entry.value));
  for (const Entry& entry : view.entries("images")) {
    config.images.push_back(build_image(entry.key, *entry.value, context));
  }
  for (const Entry& entry : view.entries("storage")) config.storage.push_back(build_storage(entry.key, *entry.value));
  for (const Entry& entry : view.entries("networks")) config.networks.push_back(build_network(entry.key, *entry.value));
  for (const Entry& entry : view.entries("groups")) {
    config.groups.push_back(build_group(entry.key, *entry.value, config, context));
  }
  for (const Entry& entry : view.entries("machines")) {
    config.groups.push_back(build_machine(entry.key, *entry.value, config, context));
  }
  build_moves(view, config);
  return config;
}

}  // namespace vscale
