#include "providers/libvirt/host/kvm_trial.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <pugixml.hpp>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host/boot_sector.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/storage.h"
#include "providers/libvirt/xml_text.h"

namespace vscale::libvirt {
namespace {

/// The BIOS does not boot from a disk of less than a cylinder.
constexpr std::size_t kTrialDiskBytes = 1024 * 1024;
constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kLineageShown = 8;
constexpr std::string_view kNameBegins = "vscale-kvm-trial-";

std::string trial_disk() {
  std::string disk(kTrialDiskBytes, '\0');
  std::copy(kBootSector.begin(), kBootSector.end(), disk.begin());
  disk[kSectorBytes - 2] = '\x55';
  disk[kSectorBytes - 1] = '\xaa';
  return disk;
}

std::string trial_xml(const std::string& name, const std::string& machine, const std::string& disk_path) {
  pugi::xml_document document;
  pugi::xml_node domain = document.append_child("domain");
  domain.append_attribute("type").set_value("kvm");
  child_with_text(domain, "name", name);
  pugi::xml_node memory = domain.append_child("memory");
  memory.append_attribute("unit").set_value("MiB");
  memory.text().set(16);
  domain.append_child("vcpu").text().set(1);
  pugi::xml_node type = domain.append_child("os").append_child("type");
  type.append_attribute("arch").set_value("x86_64");
  type.append_attribute("machine").set_value(machine.c_str());
  type.text().set("hvm");
  domain.append_child("features").append_child("acpi");
  for (const char* event : {"on_poweroff", "on_reboot", "on_crash"}) child_with_text(domain, event, "destroy");
  pugi::xml_node devices = domain.append_child("devices");
  pugi::xml_node disk = devices.append_child("disk");
  disk.append_attribute("type").set_value("file");
  disk.append_attribute("device").set_value("disk");
  pugi::xml_node driver = disk.append_child("driver");
  driver.append_attribute("name").set_value("qemu");
  driver.append_attribute("type").set_value("raw");
  disk.append_child("source").append_attribute("file").set_value(disk_path.c_str());
  pugi::xml_node target = disk.append_child("target");
  target.append_attribute("dev").set_value("vda");
  target.append_attribute("bus").set_value("virtio");
  disk.append_child("readonly");
  pugi::xml_node usb = devices.append_child("controller");
  usb.append_attribute("type").set_value("usb");
  usb.append_attribute("model").set_value("none");
  devices.append_child("memballoon").append_attribute("model").set_value("none");
  return text_of(document);
}

/// How the trial's guest ended; told by libvirt's event thread.
struct Outcome {
  std::string name;
  std::mutex mutex;
  std::condition_variable told;
  std::optional<bool> powered_off;

  std::optional<bool> wait_for(Duration timeout) {
    std::unique_lock lock(mutex);
    told.wait_for(lock, timeout, [&] { return powered_off.has_value(); });
    return powered_off;
  }
};

void on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  Outcome& outcome = **static_cast<std::shared_ptr<Outcome>*>(opaque);
  const char* name = virDomainGetName(domain);
  if (name == nullptr || outcome.name != name) return;
  const bool by_itself = event == VIR_DOMAIN_EVENT_SHUTDOWN && detail != VIR_DOMAIN_EVENT_SHUTDOWN_HOST;
  const bool otherwise =
      event == VIR_DOMAIN_EVENT_STOPPED || event == VIR_DOMAIN_EVENT_SUSPENDED || event == VIR_DOMAIN_EVENT_CRASHED;
  if (!by_itself && !otherwise) return;
  const std::scoped_lock lock(outcome.mutex);
  // A power-off is told as SHUTDOWN first and as STOPPED later: the first word counts.
  if (!outcome.powered_off) outcome.powered_off = by_itself;
  outcome.told.notify_all();
}

void forget_outcome(void* opaque) {
  delete static_cast<std::shared_ptr<Outcome>*>(opaque);
}

/// Runs the guest. False if it does not start, or fails; nothing if it is still up in the end.
Result<std::optional<bool>> run_trial(virConnectPtr connection, const std::string& host, const std::string& name,
                                      const std::string& xml, Duration timeout) {
  auto outcome = std::make_shared<Outcome>();
  outcome->name = name;
  auto for_the_listener = std::make_unique<std::shared_ptr<Outcome>>(outcome);
  const int listener =
      virConnectDomainEventRegisterAny(connection, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                       VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), for_the_listener.get(), forget_outcome);
  if (listener < 0) return last_failure().told(fmt::format("host \"{}\": cannot listen to its events", host));
  static_cast<void>(for_the_listener.release());  // Libvirt's now, which ends it by forget_outcome().

  // Autodestroy: it goes with our connection, whatever becomes of us.
  const Domain domain{virDomainCreateXML(connection, xml.c_str(), VIR_DOMAIN_START_AUTODESTROY)};
  std::optional<Error> lost;
  std::optional<bool> powered_off = false;
  if (domain) {
    // Read before our own virDomainDestroy, which libvirt tells of as it does of a guest that failed.
    powered_off = outcome->wait_for(timeout);
    static_cast<void>(virDomainDestroy(domain.get()));
  } else if (Error error = last_failure().told(fmt::format("host \"{}\": cannot try KVM", host));
             error.kind == ErrorKind::unreachable) {
    lost = std::move(error);
  }
  static_cast<void>(virConnectDomainEventDeregisterAny(connection, listener));
  if (lost) return *lost;
  return powered_off;
}

Result<bool> try_kvm(LibvirtHost& host, const HostFacts& facts, const std::string& pool, const std::string& lineage) {
  const std::string name = kvm_trial_name(lineage, host.name());
  const VolumeRef disk{.host = host.name(), .pool = pool, .name = name + ".img"};
  const auto bytes = make_memory_source(trial_disk());
  if (Result<void> put = put_volume(host, disk, bytes, IfThere::replace, {}); !put) return put.error();
  Result<std::string> path = volume_path(host, disk);
  if (!path) return path.error();

  const std::string xml = trial_xml(name, facts.machines.contains("q35") ? "q35" : "pc", *path);
  const auto trial = [&](Duration timeout) {
    return host.link()->call<std::optional<bool>>(
        Lane::request, "try whether KVM works", timeout + host.options().call_timeout,
        [name, xml, timeout, host_name = host.name()](virConnectPtr connection, Progress&) {
          return run_trial(connection, host_name, name, xml, timeout);
        });
  };
  const LibvirtOptions& options = host.options();
  Result<bool> works = decide_kvm(trial, {options.kvm_trial_timeout, options.kvm_trial_last_timeout});
  // What is left over is put there anew by the next trial.
  if (works) static_cast<void>(delete_volume(host, disk));
  return works;
}

}  // namespace

std::string kvm_trial_name(const std::string& lineage, const std::string& host) {
  return fmt::format("{}{}-{}", kNameBegins, lineage.substr(0, kLineageShown), host);
}

bool is_kvm_trial(std::string_view domain) {
  return domain.starts_with(kNameBegins);
}

Result<bool> decide_kvm(const KvmTrial& trial, const std::vector<Duration>& bounds) {
  for (const Duration bound : bounds) {
    Result<std::optional<bool>> works = trial(bound);
    if (!works) return works.error();
    if (works->has_value()) return **works;
  }
  return false;
}

Result<std::string> choose_virt_type(LibvirtHost& host, const std::string& pool, const std::string& lineage) {
  Result<HostFacts> facts = host.facts();
  if (!facts) return facts.error();
  const auto offers = [&](const char* type) { return facts->virt_types.contains(type); };
  if (offers("test")) return std::string("test");
  if (!offers("kvm") && offers("qemu")) return std::string("qemu");
  if (!offers("kvm")) {
    return Error{ErrorKind::unsupported,
                 fmt::format("host \"{}\" ({}) offers neither kvm nor qemu domains for {}", host.name(),
                             facts->hypervisor, facts->arch),
                 "", "vscale needs a host with QEMU"};
  }

  Result<HostLink::Turn> turn = host.link()->take_turn("the KVM trial");
  if (!turn) return turn.error();
  std::optional<bool> works = host.kvm_verdict();
  // The trial's guest is written for one architecture; elsewhere libvirt is believed.
  if (!works && facts->arch != "x86_64") works = true;
  if (!works) {
    Result<bool> tried = try_kvm(host, *facts, pool, lineage);
    if (!tried) return tried.error();
    works = *tried;
  }
  host.set_kvm_verdict(*works);
  return std::string(*works || !offers("qemu") ? "kvm" : "qemu");
}

}  // namespace vscale::libvirt
