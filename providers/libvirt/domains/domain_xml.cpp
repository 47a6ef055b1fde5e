#include "providers/libvirt/domains/domain_xml.h"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>
#include <string_view>

#include "engine/values/text/lower_case.h"
#include "providers/libvirt/xml_text.h"

namespace vscale::libvirt {
namespace {

using pugi::xml_node;

constexpr const char* kMarkElement = "instance";
constexpr const char* kAddressElement = "address";

// ---- Writing --------------------------------------------------------------------------------------------------------

template <class Value>
xml_node set(xml_node node, const char* name, const Value& value) {
  if constexpr (std::is_same_v<Value, std::string>) {
    node.append_attribute(name).set_value(value.c_str());
  } else {
    node.append_attribute(name).set_value(value);
  }
  return node;
}

void write_memory(xml_node domain, const char* name, std::uint64_t bytes) {
  const std::uint64_t kib = (bytes + kKiB - 1) / kKiB;
  set(child_with_text(domain, name, std::to_string(kib)), "unit", "KiB");
}

/// The part of an element's name before the colon, and it; empty if there is none.
std::string_view prefix_of(xml_node element) {
  const std::string_view name = element.name();
  return name.substr(0, name.find(':') + 1);
}

std::string_view local_name_of(xml_node element) {
  return std::string_view(element.name()).substr(prefix_of(element).size());
}

/// What it holds carries the mark's own prefix, if it has one.
void write_mark(xml_node mark, const Ownership& ownership) {
  set(mark, "installation", ownership.installation);
  set(mark, "address", to_string(ownership.address));
  set(mark, "revision", std::to_string(ownership.revision));
  set(mark, "incarnation", std::to_string(ownership.incarnation));
  set(mark, "lineage", ownership.lineage);
  set(mark, "spec_hash", ownership.spec_hash);
  if (!ownership.image_digest.empty()) set(mark, "image_digest", ownership.image_digest);
  for (const StaticAddress& held : ownership.addresses) {
    xml_node address = mark.append_child((std::string(prefix_of(mark)) + kAddressElement).c_str());
    set(set(address, "network", held.network), "address", held.address);
  }
}

void write_os(xml_node domain, const DomainSpec& spec, const DomainSite& site) {
  xml_node os = domain.append_child("os");
  if (spec.firmware == Firmware::uefi) set(os, "firmware", "efi");
  xml_node type = child_with_text(os, "type", "hvm");
  set(type, "arch", site.arch);
  set(type, "machine", spec.machine);
}

/// host-model and host-passthrough are the host's to offer; under emulation they become what the emulator does best.
void write_cpu(xml_node domain, const std::string& wanted, const DomainSite& site) {
  xml_node cpu = domain.append_child("cpu");
  const bool as_host = wanted == "host-model" || wanted == "host-passthrough";
  if (!as_host) {
    set(set(set(cpu, "mode", "custom"), "match", "exact"), "check", "none");
    set(child_with_text(cpu, "model", wanted), "fallback", "forbid");
  } else if (wanted == "host-passthrough" ? site.host_passthrough : site.host_model) {
    set(cpu, "mode", wanted);
  } else {
    set(cpu, "mode", site.host_model ? "host-model" : "maximum");
  }
}

void write_features_and_clock(xml_node domain, const std::string& arch) {
  xml_node features = domain.append_child("features");
  features.append_child("acpi");
  xml_node clock = domain.append_child("clock");
  set(clock, "offset", "utc");
  if (arch != "x86_64") return;
  features.append_child("apic");
  set(set(clock.append_child("timer"), "name", "rtc"), "tickpolicy", "catchup");
  set(set(clock.append_child("timer"), "name", "pit"), "tickpolicy", "delay");
  set(set(clock.append_child("timer"), "name", "hpet"), "present", "no");
}

/// vda … vdz, vdaa …: as Linux counts.
std::string target_name(const char* prefix, std::size_t index) {
  std::string letters;
  for (std::size_t rest = index + 1; rest > 0; rest = (rest - 1) / 26) {
    letters.insert(letters.begin(), static_cast<char>('a' + (rest - 1) % 26));
  }
  return prefix + letters;
}

xml_node write_disk(xml_node devices, const char* device, const std::string& format, const std::string& path) {
  xml_node disk = devices.append_child("disk");
  set(set(disk, "type", "file"), "device", device);
  set(set(disk.append_child("driver"), "name", "qemu"), "type", format);
  set(disk.append_child("source"), "file", path);
  return disk;
}

void write_disks(xml_node devices, const DomainSpec& spec, const DomainSite& site) {
  for (std::size_t i = 0; i < spec.disks.size(); ++i) {
    xml_node disk = write_disk(devices, "disk", spec.disks[i].format, site.disk_paths[i]);
    // What the guest trims goes back to the host: overlays shrink again.
    set(disk.child("driver"), "discard", "unmap");
    set(set(disk.append_child("target"), "dev", target_name("vd", i)), "bus", "virtio");
    if (!spec.disks[i].serial.empty()) child_with_text(disk, "serial", spec.disks[i].serial);
    if (i == 0) set(disk.append_child("boot"), "order", 1);
  }
  if (!spec.seed) return;
  xml_node seed = write_disk(devices, "cdrom", "raw", site.seed_path);
  set(set(seed.append_child("target"), "dev", "sda"), "bus", "scsi");
  seed.append_child("readonly");
  // Not SATA: the kernels of cloud images have drivers for virtio and for nothing else.
  set(set(devices.append_child("controller"), "type", "scsi"), "model", "virtio-scsi");
}

void write_nic(xml_node devices, const DomainNic& nic) {
  xml_node interface = devices.append_child("interface");
  const bool bridged = !nic.bridge.empty();
  set(interface, "type", bridged ? "bridge" : "network");
  set(interface.append_child("mac"), "address", nic.mac);
  if (bridged) {
    set(interface.append_child("source"), "bridge", nic.bridge);
  } else {
    set(interface.append_child("source"), "network", nic.network);
  }
  if (nic.vlan) set(interface.append_child("vlan").append_child("tag"), "id", *nic.vlan);
  set(interface.append_child("model"), "type", "virtio");
}

/// What every guest has: a console to look at, a channel for the agent, memory that can be measured, entropy.
void write_fixed_devices(xml_node devices) {
  // Without USB and its polling an idle guest is idler.
  set(set(devices.append_child("controller"), "type", "usb"), "model", "none");
  xml_node serial = devices.append_child("serial");
  set(serial, "type", "pty");
  set(serial.append_child("target"), "port", 0);
  xml_node console = devices.append_child("console");
  set(console, "type", "pty");
  set(set(console.append_child("target"), "type", "serial"), "port", 0);
  xml_node channel = devices.append_child("channel");
  set(channel, "type", "unix");
  set(set(channel.append_child("target"), "type", "virtio"), "name", "org.qemu.guest_agent.0");
  xml_node balloon = devices.append_child("memballoon");
  set(balloon, "model", "virtio");
  set(balloon.append_child("stats"), "period", kMemoryStatsPeriodS);
  xml_node rng = devices.append_child("rng");
  set(rng, "model", "virtio");
  set(child_with_text(rng, "backend", "/dev/urandom"), "model", "random");
}

std::vector<const std::string*> texts_of(const Ownership& ownership) {
  std::vector<const std::string*> texts{&ownership.installation, &ownership.address.group, &ownership.lineage,
                                        &ownership.spec_hash, &ownership.image_digest};
  for (const StaticAddress& held : ownership.addresses) texts.insert(texts.end(), {&held.network, &held.address});
  return texts;
}

std::vector<const std::string*> texts_of(const DomainSpec& spec, const DomainSite& site) {
  std::vector<const std::string*> texts = texts_of(spec.ownership);
  texts.insert(texts.end(),
               {&spec.name, &spec.uuid, &spec.machine, &spec.cpu, &site.virt_type, &site.arch, &site.seed_path});
  for (const DomainDisk& disk : spec.disks) texts.insert(texts.end(), {&disk.format, &disk.serial});
  for (const std::string& path : site.disk_paths) texts.push_back(&path);
  for (const DomainNic& nic : spec.nics) texts.insert(texts.end(), {&nic.mac, &nic.bridge, &nic.network});
  return texts;
}

std::optional<Error> refuse_control_characters(const std::string& name, const std::vector<const std::string*>& texts) {
  for (const std::string* text : texts) {
    if (!has_control_character(*text)) continue;
    return Error{ErrorKind::invalid,
                 fmt::format("domain {:?}: {:?} holds a control character, which a domain's definition cannot hold",
                             std::string_view(name), std::string_view(*text)),
                 "", "leave it out of the configuration"};
  }
  return std::nullopt;
}

// ---- Reading --------------------------------------------------------------------------------------------------------

template <class Number>
bool read_number(const char* text, Number& number) {
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), number);
  return error == std::errc() && end == view.data() + view.size();
}

std::vector<StaticAddress> read_static_addresses(xml_node mark) {
  std::vector<StaticAddress> addresses;
  for (xml_node child : mark.children()) {
    if (local_name_of(child) != kAddressElement) continue;
    addresses.push_back({.network = child.attribute("network").value(), .address = child.attribute("address").value()});
  }
  return addresses;
}

/// Marks of before say nothing of images and addresses, and are marks all the same.
std::optional<Ownership> read_mark(xml_node mark) {
  Ownership ownership;
  ownership.installation = mark.attribute("installation").value();
  ownership.lineage = mark.attribute("lineage").value();
  ownership.spec_hash = mark.attribute("spec_hash").value();
  ownership.image_digest = mark.attribute("image_digest").value();
  ownership.addresses = read_static_addresses(mark);
  const std::optional<InstanceAddress> address = parse_instance_address(mark.attribute("address").value());
  const bool understood = address.has_value() && !ownership.lineage.empty() &&
                          read_number(mark.attribute("revision").value(), ownership.revision) &&
                          read_number(mark.attribute("incarnation").value(), ownership.incarnation);
  if (!understood) return std::nullopt;
  ownership.address = *address;
  return ownership;
}

/// pugixml knows no namespaces: the element is ours if it declares our namespace for the prefix that it carries.
bool is_our_mark(xml_node element) {
  if (local_name_of(element) != kMarkElement) return false;
  std::string declaration = "xmlns";
  if (const std::string_view prefix = prefix_of(element); !prefix.empty()) {
    declaration += ':';
    declaration += prefix.substr(0, prefix.size() - 1);
  }
  return std::string_view(element.attribute(declaration.c_str()).value()) == kMarkNamespace;
}

std::uint64_t read_memory(xml_node node) {
  // libvirt writes KiB whatever it was given.
  return node.text().as_ullong() * kKiB;
}

void read_devices(xml_node devices, DomainReading& reading) {
  for (xml_node interface : devices.children("interface")) {
    xml_node source = interface.child("source");
    const pugi::xml_attribute network = source.attribute("network");
    reading.nics.push_back(LiveNic{.mac = lower_case(interface.child("mac").attribute("address").value()),
                                   .source = network ? network.value() : source.attribute("bridge").value()});
  }
  for (xml_node disk : devices.children("disk")) {
    const std::string path = disk.child("source").attribute("file").value();
    if (!path.empty()) reading.disk_paths.push_back(path);
  }
  reading.tells_memory = devices.child("memballoon").child("stats").attribute("period").as_int() > 0;
}

/// A text that is nothing but spaces is a text.
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

Result<DomainReading> read_document(const pugi::xml_document& document, const pugi::xml_parse_result& parsed) {
  xml_node domain = document.child("domain");
  if (!parsed || !domain) {
    return Error{ErrorKind::invalid, "the host described a domain by what is not a domain's XML",
                 parsed ? "no <domain> element" : parsed.description(), ""};
  }
  DomainReading reading;
  reading.uuid = lower_case(domain.child_value("uuid"));
  reading.name = domain.child_value("name");
  reading.virt_type = domain.attribute("type").value();
  xml_node vcpu = domain.child("vcpu");
  reading.max_vcpus = vcpu.text().as_int(1);
  reading.vcpus = vcpu.attribute("current").as_int(reading.max_vcpus);
  reading.max_memory_bytes = read_memory(domain.child("memory"));
  xml_node current = domain.child("currentMemory");
  reading.memory_bytes = current ? read_memory(current) : reading.max_memory_bytes;
  for (xml_node element : domain.child("metadata").children()) {
    if (is_our_mark(element)) reading.ownership = read_mark(element);
  }
  read_devices(domain.child("devices"), reading);
  return reading;
}

}  // namespace

Result<std::string> write_domain_xml(const DomainSpec& spec, const DomainSite& site) {
  VSCALE_ASSERT(site.disk_paths.size() == spec.disks.size(), "every disk of a domain has a path");
  VSCALE_ASSERT(spec.vcpus >= 1 && spec.vcpus <= spec.max_vcpus, "a domain has from one to max_vcpus processors");
  VSCALE_ASSERT(spec.memory_bytes > 0 && spec.memory_bytes <= spec.max_memory_bytes, "memory is from 1 to its maximum");
  if (std::optional<Error> refused = refuse_control_characters(spec.name, texts_of(spec, site))) return *refused;
  if (spec.cpu == "baseline") {
    return Error{ErrorKind::unsupported,
                 fmt::format("domain \"{}\": cpu baseline must be worked out from all hosts before", spec.name), "",
                 "write cpu: host-model, or the name of a model"};
  }

  pugi::xml_document document;
  xml_node domain = document.append_child("domain");
  set(domain, "type", site.virt_type);
  child_with_text(domain, "name", spec.name);
  child_with_text(domain, "uuid", spec.uuid);
  xml_node mark = domain.append_child("metadata").append_child(fmt::format("{}:{}", kMarkPrefix, kMarkElement).c_str());
  set(mark, fmt::format("xmlns:{}", kMarkPrefix).c_str(), kMarkNamespace);
  write_mark(mark, spec.ownership);
  write_memory(domain, "memory", spec.max_memory_bytes);
  write_memory(domain, "currentMemory", spec.memory_bytes);
  xml_node vcpu = child_with_text(domain, "vcpu", std::to_string(spec.max_vcpus));
  set(set(vcpu, "placement", "static"), "current", spec.vcpus);
  write_os(domain, spec, site);
  write_features_and_clock(domain, site.arch);
  write_cpu(domain, spec.cpu, site);
  child_with_text(domain, "on_poweroff", "destroy");
  child_with_text(domain, "on_reboot", "restart");
  child_with_text(domain, "on_crash", "destroy");
  xml_node devices = domain.append_child("devices");
  write_disks(devices, spec, site);
  for (const DomainNic& nic : spec.nics) write_nic(devices, nic);
  write_fixed_devices(devices);
  return text_of(document);
}

Result<DomainReading> read_domain_xml(char* text, std::size_t length) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(text, length, kParseOptions, pugi::encoding_utf8);
  return read_document(document, parsed);
}

Result<DomainReading> read_domain_xml(std::string text) {
  return read_domain_xml(text.data(), text.size());
}

Result<std::string> write_mark_xml(const Ownership& ownership) {
  if (std::optional<Error> refused = refuse_control_characters(to_string(ownership.address), texts_of(ownership))) {
    return *refused;
  }
  pugi::xml_document document;
  write_mark(document.append_child(kMarkElement), ownership);
  return text_of(document);
}

std::optional<Ownership> read_mark_xml(const std::string& text) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size())) return std::nullopt;
  return read_mark(document.document_element());
}

}  // namespace vscale::libvirt
