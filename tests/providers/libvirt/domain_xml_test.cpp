#include "providers/libvirt/domains/domain_xml.h"

#include <catch2/catch.hpp>
#include <string>

#include "providers/libvirt/xml_text.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using namespace vscale::libvirt;

DomainSpec web_spec() {
  DomainSpec spec;
  spec.name = "prod-web-2";
  spec.uuid = "c0ffee00-0000-4000-8000-000000000002";
  spec.ownership = Ownership{.installation = "prod",
                             .address = {InstanceAddress::Kind::group, "web", 2},
                             .revision = 7,
                             .incarnation = 3,
                             .lineage = "11111111-2222-4333-8444-555555555555",
                             .spec_hash = "abc123",
                             .image_digest = "sha256:5f8a1c7e",
                             .addresses = {{"lan", "10.0.0.52"}, {"storage", "10.1.0.2"}}};
  spec.vcpus = 2;
  spec.max_vcpus = 4;
  spec.memory_bytes = 2 * kGiB;
  spec.max_memory_bytes = 4 * kGiB;
  spec.disks = {DomainDisk{.pool = "default", .volume = "prod-web-2.qcow2", .serial = "root"},
                DomainDisk{.pool = "default", .volume = "prod-web-2-data.raw", .format = "raw", .serial = "data"}};
  spec.seed = DomainDisk{.pool = "default", .volume = "prod-web-2-seed.iso", .format = "raw", .serial = {}};
  spec.nics = {DomainNic{.mac = "52:54:00:00:00:0a", .bridge = "br0", .network = {}, .vlan = 20},
               DomainNic{.mac = "52:54:00:00:00:0b", .bridge = {}, .network = "default", .vlan = {}}};
  return spec;
}

DomainSite kvm_host() {
  return DomainSite{.virt_type = "kvm",
                    .arch = "x86_64",
                    .host_passthrough = true,
                    .host_model = true,
                    .disk_paths = {"/pool/prod-web-2.qcow2", "/pool/prod-web-2-data.raw"},
                    .seed_path = "/pool/prod-web-2-seed.iso"};
}

DomainSite emulating_host() {
  DomainSite site = kvm_host();
  site.virt_type = "qemu";
  site.host_passthrough = false;
  return site;
}

std::string written(const DomainSpec& spec, const DomainSite& site) {
  Result<std::string> xml = write_domain_xml(spec, site);
  INFO((xml ? "" : to_string(xml.error())));
  REQUIRE(xml.ok());
  return *xml;
}

DomainReading read(const std::string& xml) {
  Result<DomainReading> reading = read_domain_xml(xml);
  INFO((reading ? "" : to_string(reading.error())));
  REQUIRE(reading.ok());
  return *reading;
}

}  // namespace

TEST_CASE("a domain is written down with everything that a guest always has") {
  check_golden("domain_xml/kvm.xml", written(web_spec(), kvm_host()));
}

TEST_CASE("a domain that is emulated and boots by UEFI is written down as such") {
  DomainSpec spec = web_spec();
  spec.firmware = Firmware::uefi;
  spec.seed.reset();
  spec.disks.resize(1);
  spec.nics.resize(1);
  spec.cpu = "host-passthrough";
  DomainSite site = emulating_host();
  site.disk_paths.resize(1);
  site.seed_path.clear();
  check_golden("domain_xml/emulated_uefi.xml", written(spec, site));
}

TEST_CASE("what was written is read back") {
  const DomainReading reading = read(written(web_spec(), kvm_host()));
  CHECK(reading == DomainReading{.uuid = "c0ffee00-0000-4000-8000-000000000002",
                                 .name = "prod-web-2",
                                 .virt_type = "kvm",
                                 .vcpus = 2,
                                 .max_vcpus = 4,
                                 .memory_bytes = 2 * kGiB,
                                 .max_memory_bytes = 4 * kGiB,
                                 .ownership = web_spec().ownership,
                                 .nics = {{"52:54:00:00:00:0a", "br0"}, {"52:54:00:00:00:0b", "default"}},
                                 .disk_paths = {"/pool/prod-web-2.qcow2", "/pool/prod-web-2-data.raw",
                                                "/pool/prod-web-2-seed.iso"},
                                 .tells_memory = true});
}

TEST_CASE("a domain tells of its memory where its balloon asks for it") {
  const auto tells = [](const std::string& devices) {
    return read("<domain><name>a</name><devices>" + devices + "</devices></domain>").tells_memory;
  };
  CHECK(tells("<memballoon model='virtio'><stats period='5'/></memballoon>"));
  CHECK_FALSE(tells("<memballoon model='virtio'><stats period='0'/></memballoon>"));
  CHECK_FALSE(tells("<memballoon model='virtio'/>"));
  CHECK_FALSE(tells("<memballoon model='none'/>"));
  CHECK_FALSE(tells(""));
}

TEST_CASE("memory that is not whole KiB is rounded up, never down") {
  DomainSpec spec = web_spec();
  spec.memory_bytes = 64 * kMiB + 1;
  CHECK(read(written(spec, kvm_host())).memory_bytes == 64 * kMiB + kKiB);
}

TEST_CASE("hostile texts end where they were put") {
  const std::string hostile = GENERATE(as<std::string>(), R"(<&'"; rm -rf)", "</name><name>other", "]]>", "<!-- x",
                                       "&lt;&amp;&#x41;", "${x} %s \\", "   ", "é漢");
  DomainSpec spec = web_spec();
  spec.name = hostile;
  spec.ownership.installation = hostile;
  spec.ownership.lineage = hostile;
  spec.ownership.spec_hash = hostile;
  spec.ownership.image_digest = hostile;
  spec.ownership.addresses[1] = {hostile, hostile};
  spec.machine = hostile;
  spec.cpu = hostile;
  spec.disks[0].serial = hostile;
  spec.nics[0].bridge = hostile;
  DomainSite site = kvm_host();
  site.disk_paths[0] = hostile;

  const DomainReading reading = read(written(spec, site));

  CHECK(reading.name == hostile);
  REQUIRE(reading.ownership.has_value());
  CHECK(reading.ownership->installation == hostile);
  CHECK(reading.ownership->lineage == hostile);
  CHECK(reading.ownership->spec_hash == hostile);
  CHECK(reading.ownership->image_digest == hostile);
  CHECK(reading.ownership->addresses == std::vector<StaticAddress>{{"lan", "10.0.0.52"}, {hostile, hostile}});
  CHECK(reading.nics.size() == 2);
  CHECK(reading.nics[0].source == hostile);
  REQUIRE(reading.disk_paths.size() == 3);
  CHECK(reading.disk_paths[0] == hostile);
}

TEST_CASE("a control character anywhere in a domain is refused and shown") {
  const std::string bad = GENERATE(as<std::string>(), "a\nb", "\x01", "a\tb", "\x7f", std::string("a\0b", 3));
  DomainSpec spec = web_spec();
  DomainSite site = kvm_host();
  const int place = GENERATE(range(0, 9));
  std::string* places[] = {
      &spec.name,     &spec.ownership.spec_hash, &spec.ownership.image_digest, &spec.ownership.addresses[1].network,
      &spec.machine,  &spec.disks[1].serial,     &spec.nics[1].network,        &site.disk_paths[0],
      &site.seed_path};
  *places[place] = bad;

  const Result<std::string> xml = write_domain_xml(spec, site);

  REQUIRE_FALSE(xml.ok());
  CHECK(xml.error().kind == ErrorKind::invalid);
  CHECK_FALSE(has_control_character(xml.error().message));
}

TEST_CASE("the CPU is the best that the host offers of what was asked for") {
  const auto mode = [](const std::string& cpu, const DomainSite& site) {
    DomainSpec spec = web_spec();
    spec.cpu = cpu;
    const std::string xml = written(spec, site);
    const std::size_t at = xml.find("<cpu mode=\"") + 11;
    return xml.substr(at, xml.find('"', at) - at);
  };
  DomainSite bare = emulating_host();
  bare.host_model = false;
  CHECK(mode("host-model", kvm_host()) == "host-model");
  CHECK(mode("host-passthrough", kvm_host()) == "host-passthrough");
  CHECK(mode("host-passthrough", emulating_host()) == "host-model");
  CHECK(mode("host-model", bare) == "maximum");
  CHECK(mode("Skylake-Server", kvm_host()) == "custom");
}

TEST_CASE("the cpu baseline is not for one host to work out") {
  DomainSpec spec = web_spec();
  spec.cpu = "baseline";
  const Result<std::string> xml = write_domain_xml(spec, kvm_host());
  REQUIRE_FALSE(xml.ok());
  CHECK(xml.error().kind == ErrorKind::unsupported);
}

TEST_CASE("disks have names after the 26th, too") {
  DomainSpec spec = web_spec();
  DomainSite site = kvm_host();
  spec.disks.assign(28, spec.disks[0]);
  site.disk_paths.assign(28, "/pool/x");
  const std::string xml = written(spec, site);
  CHECK(xml.find("dev=\"vdz\"") != std::string::npos);
  CHECK(xml.find("dev=\"vdaa\"") != std::string::npos);
  CHECK(xml.find("dev=\"vdab\"") != std::string::npos);
}

TEST_CASE("a domain without our mark is foreign, and its disks are read, too: one of them may be ours") {
  const DomainReading reading = read(
      "<domain type='kvm'><name>theirs</name><uuid>C0FFEE00-0000-4000-8000-000000000009</uuid>"
      "<memory unit='KiB'>1048576</memory><vcpu>3</vcpu>"
      "<devices><disk type='file'><source file='/x'/></disk></devices></domain>");
  CHECK(reading == DomainReading{.uuid = "c0ffee00-0000-4000-8000-000000000009",
                                 .name = "theirs",
                                 .virt_type = "kvm",
                                 .vcpus = 3,
                                 .max_vcpus = 3,
                                 .memory_bytes = kGiB,
                                 .max_memory_bytes = kGiB,
                                 .ownership = std::nullopt,
                                 .nics = {},
                                 .disk_paths = {"/x"}});
}

TEST_CASE("only a whole mark in our namespace makes a domain ours") {
  const auto ours = [](const std::string& metadata) {
    return read("<domain><name>a</name><metadata>" + metadata + "</metadata></domain>").ownership.has_value();
  };
  const std::string attributes =
      " installation='prod' address='group.web[2]' revision='7' incarnation='3' lineage='L' spec_hash='h'/>";
  const std::string ns = "https://vscale.dev/xmlns/1'";
  CHECK(ours("<vscale:instance xmlns:vscale='" + ns + attributes));
  CHECK(ours("<other:instance xmlns:other='" + ns + attributes));
  CHECK(ours("<instance xmlns='" + ns + attributes));
  CHECK(ours("<x:y xmlns:x='http://example.org'/><vscale:instance xmlns:vscale='" + ns + attributes));
  CHECK_FALSE(ours("<vscale:instance xmlns:vscale='https://vscale.dev/xmlns/2'" + attributes));
  CHECK_FALSE(ours("<vscale:instance" + attributes));
  CHECK_FALSE(ours("<vscale:domain xmlns:vscale='" + ns + attributes));
  CHECK_FALSE(
      ours("<vscale:instance xmlns:vscale='" + ns + " address='web 2' revision='7' incarnation='3' lineage='L'/>"));
  CHECK_FALSE(ours("<vscale:instance xmlns:vscale='" + ns +
                   " address='group.web[2]' revision='seven' incarnation='3' lineage='L'/>"));
  CHECK_FALSE(ours("<vscale:instance xmlns:vscale='" + ns + " address='group.web[2]' revision='7' incarnation='3'/>"));
}

TEST_CASE("a mark that was made before marks told of images and addresses is read, and says neither") {
  const std::optional<Ownership> mark = read_mark_xml(
      "<instance installation='prod' address='group.web[2]' revision='7' incarnation='3' lineage='L' spec_hash='h'/>");
  REQUIRE(mark.has_value());
  CHECK(mark->address == InstanceAddress{InstanceAddress::Kind::group, "web", 2});
  CHECK(mark->image_digest.empty());
  CHECK(mark->addresses.empty());
}

TEST_CASE("a mark says its addresses with whatever prefix it has, and with none") {
  const auto addresses = [](const std::string& element, const std::string& inside) {
    const std::string mark = "<" + element + ":instance xmlns:" + element +
                             "='https://vscale.dev/xmlns/1' address='group.web[2]' revision='7' incarnation='3' "
                             "lineage='L' spec_hash='h'>" +
                             inside + "</" + element + ":instance>";
    return read("<domain><name>a</name><metadata>" + mark + "</metadata></domain>").ownership->addresses;
  };
  const std::vector<StaticAddress> one{{"lan", "10.0.0.52"}};
  CHECK(addresses("vscale", "<vscale:address network='lan' address='10.0.0.52'/>") == one);
  CHECK(addresses("other", "<other:address network='lan' address='10.0.0.52'/><other:note/>") == one);
  CHECK(addresses("vscale", "<address network='lan' address='10.0.0.52'/>") == one);
}

TEST_CASE("a mark alone is written and read back") {
  Ownership mark = web_spec().ownership;
  mark.installation = R"(<&'"; rm -rf)";
  const Result<std::string> xml = write_mark_xml(mark);
  REQUIRE(xml.ok());
  CHECK(read_mark_xml(*xml) == mark);
  CHECK_FALSE(read_mark_xml("<instance/>").has_value());
  CHECK_FALSE(read_mark_xml("not xml").has_value());
  mark.spec_hash = "\x02";
  CHECK_FALSE(write_mark_xml(mark).ok());
}

TEST_CASE("what is not a domain's XML is invalid") {
  for (const char* text : {"", "<domain", "<node/>", "garbage", "<domain><name>a</domain>"}) {
    const Result<DomainReading> reading = read_domain_xml(std::string(text));
    REQUIRE_FALSE(reading.ok());
    CHECK(reading.error().kind == ErrorKind::invalid);
  }
}

}  // namespace vscale::test
