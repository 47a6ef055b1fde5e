#include <fmt/format.h>
#include <libvirt/libvirt.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engine/execution/record_changes.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/apply_change.h"
#include "providers/clock/system_clock.h"
#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/libvirt/link/handle.h"
#include "providers/sqlite/sqlite_state_store.h"
#include "schemas/config/config_reader.h"
#include "tests/support/state_store_options.h"

/// Fills hosts of the test driver's with domains, says "ready" and stays until its input ends: that world lives as
/// long as somebody is connected.
///   fleet foreign URI N                       N domains that vscale knows nothing of, every other of them started
///   fleet ours CONFIG STATE [NAME=VALUE...]   what the configuration wants, with these variables, on all of its hosts,
///                                             made and recorded as `vscale apply` would
/// The statefile must be one that `vscale plan` has looked with: the lock of the image and the host come from there.
/// `vscale apply` itself cannot be used: the driver takes no uploads, and it would take long over 10,000.

using namespace vscale;

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "fleet: " << why << '\n';
  std::exit(EXIT_FAILURE);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(to_string(result.error()));
  return std::move(*result);
}
void need(const Result<void>& result) {
  if (!result) give_up(to_string(result.error()));
}

using Connection = std::unique_ptr<virConnect, decltype(&virConnectClose)>;

Connection connect(const std::string& uri) {
  Connection connection(virConnectOpen(uri.c_str()), virConnectClose);
  if (!connection) give_up("no connection to " + uri);
  return connection;
}

void stay() {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
}

// ---- Somebody else's ------------------------------------------------------------------------------------------------

std::string foreign_xml(int number) {
  return fmt::format(
      "<domain type='test'><name>theirs-{0}</name><uuid>c0ffee00-0000-4000-8000-{0:012}</uuid>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='i686'>hvm</type><boot dev='hd'/></os>"
      "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
      "<source file='/var/lib/libvirt/images/theirs-{0}.qcow2'/><target dev='vda' bus='virtio'/></disk>"
      "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface></devices></domain>",
      number);
}

void hold_foreign(const std::string& uri, int count) {
  const Connection connection = connect(uri);
  for (int i = 0; i < count; ++i) {
    const libvirt::Domain domain{virDomainDefineXML(connection.get(), foreign_xml(i).c_str())};
    if (!domain || (i % 2 == 0 && virDomainCreate(domain.get()) != 0)) give_up("a domain cannot be made");
  }
  stay();
}

// ---- Ours -----------------------------------------------------------------------------------------------------------

Config read(const std::string& path, std::vector<std::string> assignments) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  ReadInput input{.files = {{path, text.str()}},
                  .working_folder = "/",
                  .assignments = std::move(assignments),
                  .var_files = {},
                  .environment = {},
                  .read_file = {}};
  ReadConfig read = read_config(input);
  if (!read.config) give_up(read.diagnostics.empty() ? "no configuration" : read.diagnostics.front().summary);
  return std::move(*read.config);
}

std::string path_of(const DomainDisk& disk) {
  return "/" + disk.pool + "/" + disk.volume;
}

/// What of an action reaches the host: one request each, for there are many. Volumes are made, nothing is written to
/// them.
struct OnTheHost {
  virConnectPtr connection;
  LibvirtHosts& hosts;
  const Action& action;

  void operator()(const EnsurePool& pool) const { need(hosts.ensure_pool(action.host, pool.pool, pool.path)); }
  void operator()(const UploadImage& upload) const { make_volume(upload.pool, upload.volume); }
  void operator()(const WriteSeed& seed) const { make_volume(seed.volume.pool, seed.volume.name); }
  void operator()(const CreateVolume& create) const { make_volume(create.volume.pool, create.volume.name); }

  void operator()(const DefineDomain& define) const {
    libvirt::DomainSite site{
        .virt_type = "test", .arch = "i686", .host_model = true, .disk_paths = {}, .seed_path = {}};
    for (const DomainDisk& disk : define.spec.disks) site.disk_paths.push_back(path_of(disk));
    if (define.spec.seed) site.seed_path = path_of(*define.spec.seed);
    const std::string xml = need(libvirt::write_domain_xml(define.spec, site));
    if (!libvirt::Domain{virDomainDefineXML(connection, xml.c_str())}) give_up("cannot define " + define.spec.name);
  }

  void operator()(const StartDomain& start) const {
    const libvirt::Domain domain{virDomainLookupByUUIDString(connection, start.uuid.c_str())};
    if (!domain || virDomainCreate(domain.get()) != 0) give_up("cannot start " + action.address);
  }

  template <class Other>
  void operator()(const Other&) const {}

 private:
  void make_volume(const std::string& pool, const std::string& name) const {
    const std::string xml = fmt::format(
        "<volume><name>{}</name><capacity unit='MiB'>8</capacity><allocation>0</allocation></volume>", name);
    const libvirt::StoragePool found{virStoragePoolLookupByName(connection, pool.c_str())};
    if (!found || !libvirt::StorageVolume{virStorageVolCreateXML(found.get(), xml.c_str(), 0)}) {
      give_up("cannot make volume " + name);
    }
  }
};

PlanInput as_recorded(Config config, RecordedState recorded, Instant now) {
  PlanInput input{.config = std::move(config),
                  .recorded = std::move(recorded),
                  .live = {},
                  .images = {},
                  .unread_images = {},
                  .now = now,
                  .options = {},
                  .places = {}};
  input.images = input.recorded.image_locks;
  for (const auto& [name, host] : input.recorded.hosts) input.live[name].snapshot = host.observed;
  return input;
}

void hold_ours(const std::string& config_path, const std::string& state_path, std::vector<std::string> assignments) {
  SystemClock clock;
  const auto store = need(SqliteStateStore::open(state_path, OpenMode::read_write_create, test::store_options()));
  PlanInput input = as_recorded(read(config_path, std::move(assignments)), need(store->read()), clock.now());
  std::map<std::string, Connection> connections;
  std::vector<HostConnection> reached;
  for (const Host& host : input.config.hosts) {
    connections.emplace(host.name, connect(host.uri));
    reached.push_back({host.name, host.uri});
  }
  const Plan plan = reconcile(input);
  if (plan.errored || !plan.complete) give_up("there is no plan; does `vscale plan` make one?");

  LibvirtHosts hosts(reached, LibvirtOptions{}, clock);
  Commit commit{.at = clock.now(), .begun = {}, .ended = {}, .changes = {}, .events = {}};
  const auto record = [&](std::vector<RecordChange> changes) {
    for (auto& change : changes) {
      vscale::apply(input.recorded, change);
      commit.changes.push_back(std::move(change));
    }
  };
  for (const Action& action : plan.actions) {
    record(changes_at_begin(action, input.recorded, clock.now()));
    if (!action.host.empty()) {
      std::visit(OnTheHost{connections.at(action.host).get(), hosts, action}, action.detail);
    }
    record(changes_at_end(action, {}, input.recorded, clock.now()));
  }
  need(store->commit(commit));
  stay();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string whose = argc > 1 ? argv[1] : "";
  if (whose == "foreign" && argc == 4) {
    hold_foreign(argv[2], std::stoi(argv[3]));
  } else if (whose == "ours" && argc >= 4) {
    hold_ours(argv[2], argv[3], {argv + 4, argv + argc});
  } else {
    give_up("usage: fleet foreign URI N | fleet ours CONFIG STATE [NAME=VALUE...]");
  }
  return EXIT_SUCCESS;
}
