#include "providers/libvirt/host/host_facts.h"

#include <pugixml.hpp>
#include <string_view>

#include "engine/live/emulation.h"
#include "engine/values/text/lower_case.h"

namespace vscale::libvirt {
namespace {

bool is_supported(pugi::xml_node node) {
  return std::string_view(node.attribute("supported").value()) == "yes";
}

}  // namespace

Result<void> read_capabilities(const std::string& xml, HostFacts& facts) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node capabilities = document.child("capabilities");
  if (!parsed || !capabilities) {
    return Error{ErrorKind::invalid, "the host's capabilities are not libvirt's XML", parsed.description(), ""};
  }
  facts.identity.uuid = capabilities.child("host").child_value("uuid");
  facts.arch = capabilities.child("host").child("cpu").child_value("arch");
  for (const pugi::xml_node guest : capabilities.children("guest")) {
    const pugi::xml_node arch = guest.child("arch");
    if (std::string_view(guest.child_value("os_type")) != "hvm") continue;
    if (facts.arch != arch.attribute("name").value()) continue;
    for (const pugi::xml_node domain : arch.children("domain")) {
      facts.virt_types.insert(domain.attribute("type").value());
    }
    for (const pugi::xml_node machine : arch.children("machine")) {
      const pugi::xml_attribute canonical = machine.attribute("canonical");
      if (!canonical) continue;
      facts.machines.insert(machine.child_value());
      facts.machines.insert(canonical.value());
    }
  }
  return {};
}

Result<DomainOffer> read_domain_capabilities(const std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node capabilities = document.child("domainCapabilities");
  if (!parsed || !capabilities) {
    return Error{ErrorKind::invalid, "the host's domain capabilities are not libvirt's XML", parsed.description(), ""};
  }
  DomainOffer offer;
  for (const pugi::xml_node mode : capabilities.child("cpu").children("mode")) {
    const std::string_view name = mode.attribute("name").value();
    if (name == "host-model") offer.host_model = is_supported(mode);
    if (name == "host-passthrough") offer.host_passthrough = is_supported(mode);
  }
  for (const pugi::xml_node choice : capabilities.child("os").children("enum")) {
    if (std::string_view(choice.attribute("name").value()) != "firmware") continue;
    for (const pugi::xml_node value : choice.children("value")) {
      if (std::string_view(value.child_value()) == "efi") offer.uefi = true;
    }
  }
  return offer;
}

bool kvm_works(const HostFacts& facts, std::optional<bool> verdict, const KvmEvidence& evidence) {
  if (!facts.virt_types.contains("kvm")) return false;
  if (verdict) return *verdict;
  // Each of ours was defined after a trial, so one that is emulated tells how that ended.
  return evidence.a_guest_runs_by_it || !evidence.ours_are_emulated;
}

std::set<std::string> traits_of(const HostFacts& facts, bool kvm_works) {
  std::set<std::string> traits{"arch:" + facts.arch, "libvirt:" + show_version(facts.libvirt_version)};
  if (facts.hypervisor_version > 0) {
    traits.insert(lower_case(facts.hypervisor) + ":" + show_version(facts.hypervisor_version));
  }
  for (const std::string& machine : facts.machines) traits.insert("machine:" + machine);
  if (facts.uefi) traits.insert("uefi");
  if (kvm_works) traits.insert("kvm");
  if (!kvm_works && facts.virt_types.contains("kvm")) traits.insert(kKvmFailsTrait);
  return traits;
}

}  // namespace vscale::libvirt
