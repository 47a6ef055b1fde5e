#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/desired/group.h"
#include "engine/values/units.h"

/// The whole configuration as a value: what the user wants, with every default filled in and every reference checked.
/// `schemas` makes it from YAML; the engine never sees text with a mistake in it. Groups and machines stand in one
/// list, in file order, since a machine is a group of one.

namespace vscale {

/// Amounts of a host that are given instead of found.
struct HostCapacity {
  std::optional<int> vcpus;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<int> network_mbps;

  bool operator==(const HostCapacity&) const = default;
};

struct FenceMethod {
  enum class Kind { command, manual };

  Kind kind = Kind::manual;
  std::vector<std::string> command;

  bool operator==(const FenceMethod&) const = default;
};

struct Host {
  std::string name;
  std::string uri;
  std::map<std::string, std::string> labels;
  HostCapacity capacity;
  int reserved_vcpus = 0;
  std::optional<std::uint64_t> reserved_memory_bytes;  ///< Default: the larger of 1 GiB and 5 %, rounded down to MiB.
  double overcommit_vcpus = 4.0;
  double overcommit_memory = 1.0;
  std::string migration_address;  ///< Empty: taken from the URI.
  std::vector<FenceMethod> fence;

  bool operator==(const Host&) const = default;
};

/// Where an image comes from: exactly one of url, path and volume.
struct ImageSource {
  std::string url;   ///< https:// or http://
  std::string path;  ///< Absolute.
  std::string volume_host, volume_pool, volume_name;

  bool operator==(const ImageSource&) const = default;
};

struct Image {
  enum class Agent { install, present, none };
  enum class Distribution { copy, shared };

  std::string name;
  ImageSource source;
  std::string checksum;      ///< `sha256:HEX` or `sha512:HEX`; empty: none given.
  std::string checksum_url;  ///< A SHA256SUMS or SHA512SUMS file.
  Agent agent = Agent::install;
  Distribution distribution = Distribution::copy;
  int keep = 1;

  bool operator==(const Image&) const = default;
};

struct Storage {
  std::string name;
  std::string pool;  ///< The libvirt pool's name on each host.
  std::string path;  ///< Not empty: the pool is created as a dir pool there where it is missing.
  bool shared = false;
  std::uint64_t reserved_bytes = 0;
  double overcommit = 1.0;

  bool operator==(const Storage&) const = default;
};

/// Inclusive range of IPv4 addresses in host byte order.
struct AddressRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  bool operator==(const AddressRange&) const = default;
};

struct Network {
  std::string name;
  std::string bridge;  ///< Exactly one of bridge and network is set.
  std::string network;
  std::optional<int> vlan;
  std::vector<AddressRange> addresses;  ///< Empty: DHCP. Never overlapping.
  int prefix = 24;
  std::string gateway;  ///< Dotted quad, or empty.
  std::vector<std::string> dns;

  bool operator==(const Network&) const = default;
};

struct Limits {
  std::optional<int> destroy;
  std::optional<Amount> replace;
  int parallel = 10;
  int per_host = 4;
  int uploads = 2;  ///< On one host at once.
  int booting = 4;  ///< On one host at once.

  bool operator==(const Limits&) const = default;
};

struct Influxdb {
  std::string url, database;
  std::string username;   ///< Unexpanded, as a TemplateText: it may name a secret.
  TemplateText password;  ///< Unexpanded: it may name a secret.

  bool operator==(const Influxdb&) const = default;
};

struct Metrics {
  Duration interval{std::chrono::seconds{15}};
  Duration retention{std::chrono::hours{24}};
  Duration history{std::chrono::days{14}};
  std::string path = "vscale-metrics.db";
  std::optional<Influxdb> influxdb;

  bool operator==(const Metrics&) const = default;
};

struct StateFile {
  std::string path;  ///< Absolute; `vscale.db` beside the first file where it is not given.
  int backup_keep = 10;
  std::optional<Duration> backup_every;

  bool operator==(const StateFile&) const = default;
};

/// `group.www` is now `group.web`: instances keep running under the new address.
struct Moved {
  std::string from, to;

  bool operator==(const Moved&) const = default;
};

/// What becomes of the instances of a group (or of one instance) that the file no longer wants.
struct Removed {
  enum class Then { destroy, forget };

  std::string address;  ///< `group.old`, `machine.db1`.
  Then then = Then::destroy;

  bool operator==(const Removed&) const = default;
};

struct Survive {
  enum class OnViolation { refuse, warn };

  int failures = 0;
  std::string unit = "host";
  OnViolation on_violation = OnViolation::refuse;

  bool operator==(const Survive&) const = default;
};

struct Notify {
  std::string webhook;
  std::vector<std::string> events;

  bool operator==(const Notify&) const = default;
};

struct CheckIn {
  std::string listen, advertise, tls_cert, tls_key;

  bool operator==(const CheckIn&) const = default;
};

struct Watch {
  enum class Follow { applied, file };
  enum class Drift { repair, report };

  Duration interval{std::chrono::seconds{15}};
  Follow follow = Follow::applied;
  Drift drift = Drift::repair;
  Duration host_dead_after{std::chrono::seconds{60}};
  std::vector<std::string> witness;
  std::string listen;
  std::optional<CheckIn> check_in;
  std::vector<Notify> notify;

  bool operator==(const Watch&) const = default;
};

struct Config {
  std::string name;
  StateFile state;
  Limits limits;
  Metrics metrics;
  std::vector<Host> hosts;  ///< In file order, as are all lists here.
  std::vector<Image> images;
  std::vector<Storage> storage;
  std::vector<Network> networks;
  std::vector<Group> groups;  ///< Groups first, then machines.
  std::vector<Moved> moved;
  std::vector<Removed> removed;
  std::optional<Survive> survive;
  Watch watch;

  bool operator==(const Config&) const = default;
};

/// The element of that name, or nullptr.
const Host* find_host(const Config& config, const std::string& name);
const Image* find_image(const Config& config, const std::string& name);
const Storage* find_storage(const Config& config, const std::string& name);
const Network* find_network(const Config& config, const std::string& name);
/// What a guest with a static address is told of the network: "prefix 24, gateway 10.0.0.1, dns 10.0.0.1".
std::string show_settings(const Network& network);
/// `group.web`, `machine.db1`; nullptr if there is none.
const Group* find_group(const Config& config, const std::string& address);

/// `group.web`, `machine.db1`.
std::string address_of(const Group& group);
/// The names of the hosts that the group's `hosts` selects, in file order; may be empty.
std::vector<std::string> selected_hosts(const Config& config, const HostSelection& selection);

/// Dotted quad of an IPv4 address in host byte order.
std::string show_ipv4(std::uint32_t address);
/// Of a dotted quad without leading zeros, in host byte order; nothing for any other text.
std::optional<std::uint32_t> parse_ipv4(std::string_view text);
/// Does one of the network's ranges hold this address?
bool in_pool(const Network& network, std::uint32_t address);
/// Do guests of one meet guests of the other, as on the same bridge? Then no two of them may have one address.
bool same_segment(const Network& a, const Network& b);

}  // namespace vscale
