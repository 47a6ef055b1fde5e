#include <libvirt/virterror.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "providers/libvirt/domains/agent_command.h"
#include "providers/libvirt/host/host_facts.h"
#include "providers/libvirt/link/host_uri.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::test {
namespace {

using namespace vscale::libvirt;

}  // namespace

TEST_CASE("ssh never asks for a password in the middle of a plan") {
  CHECK(uri_to_open("qemu+ssh://root@kvm1/system") == "qemu+ssh://root@kvm1/system?no_tty=1");
  CHECK(uri_to_open("qemu+ssh://root@kvm1/system?keyfile=/k") == "qemu+ssh://root@kvm1/system?keyfile=/k&no_tty=1");
  CHECK(uri_to_open("qemu+ssh://kvm1/system?") == "qemu+ssh://kvm1/system?no_tty=1");
  CHECK(uri_to_open("qemu+ssh://kvm1/system?no_tty=0") == "qemu+ssh://kvm1/system?no_tty=0");
  CHECK(uri_to_open("qemu+ssh://kvm1/system?keyfile=/k&no_tty=1") == "qemu+ssh://kvm1/system?keyfile=/k&no_tty=1");
}

TEST_CASE("other URIs are opened as they are") {
  for (const char* uri : {"qemu:///system", "qemu+unix:///system?socket=/s", "qemu+tls://kvm1/system",
                          "test:///default", "qemu+libssh2://kvm1/system", "", "+ssh://x"}) {
    CHECK(uri_to_open(uri) == uri);
  }
}

TEST_CASE("only the answer that there is no such thing means gone") {
  CHECK(kind_of(VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU, 0) == ErrorKind::not_found);
  CHECK(kind_of(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, 0) == ErrorKind::not_found);
  CHECK(kind_of(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, 0) == ErrorKind::not_found);
  for (const int code : {VIR_ERR_INTERNAL_ERROR, VIR_ERR_OPERATION_FAILED, VIR_ERR_INVALID_DOMAIN, VIR_ERR_RPC,
                         VIR_ERR_NO_CONNECT, VIR_ERR_SYSTEM_ERROR, VIR_ERR_NO_SUPPORT, VIR_ERR_ACCESS_DENIED,
                         VIR_ERR_NO_NETWORK, VIR_ERR_AGENT_UNRESPONSIVE}) {
    CHECK(kind_of(code, VIR_FROM_QEMU, ENOENT) != ErrorKind::not_found);
  }
}

TEST_CASE("a system error is what the system said, on the wire or on the host") {
  CHECK(kind_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ECONNRESET) == ErrorKind::unreachable);
  CHECK(kind_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, ENOSPC) == ErrorKind::no_capacity);
  CHECK(kind_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, EACCES) == ErrorKind::denied);
  CHECK(kind_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, EIO) == ErrorKind::failed);
}

TEST_CASE("each other kind has its codes") {
  CHECK(kind_of(VIR_ERR_RPC, VIR_FROM_RPC, 0) == ErrorKind::unreachable);
  // A keepalive that nobody has answered.
  CHECK(kind_of(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, 0) == ErrorKind::unreachable);
  CHECK(kind_of(VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, 0) == ErrorKind::failed);
  CHECK(kind_of(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC, 0) == ErrorKind::denied);
  CHECK(kind_of(VIR_ERR_NO_SUPPORT, VIR_FROM_TEST, 0) == ErrorKind::unsupported);
  CHECK(kind_of(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, 0) == ErrorKind::invalid);
  CHECK(kind_of(VIR_ERR_AGENT_UNRESPONSIVE, VIR_FROM_QEMU, 0) == ErrorKind::timed_out);
  CHECK(kind_of(VIR_ERR_OPERATION_INVALID, VIR_FROM_QEMU, 0) == ErrorKind::conflict);
  CHECK(kind_of(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, 0) == ErrorKind::exists);
  CHECK(kind_of(VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, 0) == ErrorKind::failed);
  CHECK(kind_of(123456, 0, 0) == ErrorKind::failed);
}

// ---- The guest agent ------------------------------------------------------------------------------------------------

TEST_CASE("a command for a guest is JSON, and its input travels as base64") {
  const Result<std::string> command = exec_command({"/bin/echo", R"(a "b" \ c)"}, "hi");
  REQUIRE(command.ok());
  CHECK(*command ==
        R"({"arguments":{"arg":["a \"b\" \\ c"],"capture-output":true,"input-data":"aGk=","path":"/bin/echo"},)"
        R"("execute":"guest-exec"})");
  CHECK(exec_command({"/bin/true"}, "")->find("input-data") == std::string::npos);
  CHECK(exec_status_command(42) == R"({"arguments":{"pid":42},"execute":"guest-exec-status"})");
}

TEST_CASE("a command that cannot be said to an agent is refused") {
  Result<std::string> command = exec_command({"/bin/cat"}, std::string(kGuestInputMaxBytes + 1, 'x'));
  REQUIRE_FALSE(command.ok());
  CHECK(command.error().kind == ErrorKind::invalid);
  CHECK(exec_command({"/bin/cat"}, std::string(kGuestInputMaxBytes, 'x')).ok());
  command = exec_command({"/bin/echo", "\xff\xfe"}, "");
  REQUIRE_FALSE(command.ok());
  CHECK(command.error().kind == ErrorKind::invalid);
}

TEST_CASE("an agent's answer about a command is read") {
  CHECK(*read_exec_reply(R"({"return":{"pid":812}})") == 812);
  const Result<ExecStatus> running = read_exec_status(R"({"return":{"exited":false}})");
  REQUIRE(running.ok());
  CHECK_FALSE(running->exited);

  const Result<ExecStatus> ended =
      read_exec_status(R"({"return":{"exited":true,"exitcode":3,"out-data":"aGk=","err-data":"aG8h"}})");
  REQUIRE(ended.ok());
  CHECK(ended->exited);
  CHECK(ended->exit.code == 3);
  CHECK(ended->exit.out == "hi");
  CHECK(ended->exit.err == "ho!");

  const Result<ExecStatus> killed = read_exec_status(R"({"return":{"exited":true,"signal":9}})");
  REQUIRE(killed.ok());
  CHECK(killed->exit.code == 137);
}

TEST_CASE("a guest that talks too much is cut") {
  // "AAAA" is three zero bytes.
  std::string data;
  for (std::size_t i = 0; i < 50'000; ++i) data += "AAAA";
  const Result<ExecStatus> ended =
      read_exec_status(R"({"return":{"exited":true,"exitcode":0,"out-data":")" + data + R"("}})");
  REQUIRE(ended.ok());
  CHECK(ended->exit.out.size() == kGuestOutputMaxBytes);
}

TEST_CASE("a guest that lies about the form of its answer is not believed") {
  for (const char* reply : {"", "{", "[]", "null", R"({"return":{}})", R"({"return":{"pid":"812"}})",
                            R"({"return":{"pid":1e99}})", R"({"error":{"class":"x"}})", R"({"return":7})"}) {
    const Result<std::int64_t> pid = read_exec_reply(reply);
    REQUIRE_FALSE(pid.ok());
    CHECK(pid.error().kind == ErrorKind::invalid);
  }
  for (const char* reply :
       {"", "[[[[", R"({"return":[]})", R"({"return":{"exited":1}})", R"({"return":{"exited":true}})",
        R"({"return":{"exited":true,"exitcode":"0"}})", R"({"return":{"exited":true,"exitcode":99999999999}})",
        R"({"return":{"exited":true,"signal":9223372036854775807}})", R"({"return":{"exited":true,"signal":-1}})",
        R"({"return":{"exited":true,"exitcode":0,"out-data":"a"}})",
        R"({"return":{"exited":true,"exitcode":0,"out-data":"****"}})",
        R"({"return":{"exited":true,"exitcode":0,"out-data":7}})"}) {
    INFO(reply);
    const Result<ExecStatus> status = read_exec_status(reply);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(read_exec_status(std::string(100'000, '[')).ok());
}

namespace {

constexpr const char* kMac = "52:54:00:c0:ff:01";

std::string card(const std::string& mac, const std::string& addresses) {
  return R"({"name":"eth0","hardware-address":")" + mac + R"(","ip-addresses":[)" + addresses + "]}";
}
std::string ipv4(const std::string& json_text) {
  return R"({"ip-address-type":"ipv4","ip-address":")" + json_text + R"(","prefix":24})";
}
std::vector<GuestAddress> addresses_in(const std::string& cards) {
  const Result<std::vector<GuestAddress>> read = read_interfaces_reply(R"({"return":[)" + cards + "]}");
  REQUIRE(read.ok());
  return *read;
}

}  // namespace

TEST_CASE("a guest's agent tells the IPv4 addresses of its cards, and neither its loopback's nor IPv6") {
  CHECK(interfaces_command() == R"({"execute":"guest-network-get-interfaces"})");
  CHECK(addresses_in(card("00:00:00:00:00:00", ipv4("127.0.0.1")) + "," +
                     card("52:54:00:C0:FF:01", R"({"ip-address-type":"ipv6","ip-address":"fe80::1","prefix":64},)" +
                                                   ipv4("10.0.0.9") + "," + ipv4("192.0.2.7")) +
                     R"(,{"name":"tun0"},{"name":"eth1","hardware-address":"52:54:00:c0:ff:02"})") ==
        std::vector<GuestAddress>{{kMac, "10.0.0.9"}, {kMac, "192.0.2.7"}});
}

TEST_CASE("a guest that gives text for an address has none, whatever the text would do elsewhere") {
  for (const char* text :
       {R"(10.0.0.9\n  ProxyCommand touch /tmp/owned)", R"(10.0.0.9\u0000\nProxyCommand x)", R"(10.0.0.9 )",
        " 10.0.0.9", "-oProxyCommand=x", "$(reboot)", "010.0.0.9", "10.0.0", "0x0a000009", "167772169", "10.0.0.256",
        "fe80::1", "", "0.0.0.0", "127.0.0.53", "224.0.0.1", "255.255.255.255", R"(\ud83d\ude00)"}) {
    INFO(text);
    CHECK(addresses_in(card(kMac, ipv4(text) + "," + ipv4("10.0.0.9"))) ==
          std::vector<GuestAddress>{{kMac, "10.0.0.9"}});
    CHECK_FALSE(guest_address(kMac, text).has_value());
  }
  CHECK(addresses_in(card(kMac, ipv4(std::string(100'000, '1')))).empty());
  CHECK_FALSE(guest_address(kMac, std::string("10.0.0.9\0x", 10)).has_value());
}

TEST_CASE("a guest that gives text for a card has no such card") {
  for (const char* text : {R"(52:54:00:c0:ff:01\n)", "52:54:00:c0:ff:0", "52-54-00-c0-ff-01", "52:54:00:c0:ff:0g", "",
                           "00:00:00:00:00:00"}) {
    INFO(text);
    CHECK(addresses_in(card(text, ipv4("10.0.0.9"))).empty());
  }
}

TEST_CASE("a guest with more addresses than anybody needs is listened to for a while") {
  std::string many = ipv4("10.0.0.9");
  for (int i = 0; i < 1'000; ++i) many += "," + ipv4("10.0.0.9");
  CHECK(addresses_in(card(kMac, many) + "," + card(kMac, many)).size() == kGuestAddressesMax);
  CHECK_FALSE(read_interfaces_reply(R"({"return":[)" + std::string(kInterfacesReplyMaxBytes, ' ') + "]}").ok());
}

TEST_CASE("a guest that lies about the form of its cards is not believed") {
  for (const char* cards :
       {"7", "null", "[]", R"({"hardware-address":7,"ip-addresses":[]})",
        R"({"hardware-address":"52:54:00:c0:ff:01","ip-addresses":7})",
        R"({"hardware-address":"52:54:00:c0:ff:01","ip-addresses":[7,null,[],{}]})",
        R"({"hardware-address":"52:54:00:c0:ff:01","ip-addresses":[{"ip-address-type":"ipv4","ip-address":7}]})"}) {
    INFO(cards);
    CHECK(addresses_in(cards).empty());
  }
  for (const char* reply : {"", "{", "[]", R"({"return":{}})", R"({"return":7})", R"({"error":{"class":"x"}})"}) {
    INFO(reply);
    const Result<std::vector<GuestAddress>> read = read_interfaces_reply(reply);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(read_interfaces_reply(std::string(100'000, '[')).ok());
}

// ---- Pools, volumes, capabilities -----------------------------------------------------------------------------------

TEST_CASE("a pool and an overlay are written down") {
  CHECK(*write_dir_pool_xml("a&b", "/srv/<x>") ==
        "<pool type=\"dir\">\n  <name>a&amp;b</name>\n  <target>\n    <path>/srv/&lt;x&gt;</path>\n  "
        "</target>\n</pool>\n");
  const Result<std::string> volume = write_volume_xml({.name = "web-0.qcow2",
                                                       .capacity_bytes = 1024,
                                                       .format = "qcow2",
                                                       .backing_path = "/pool/base",
                                                       .backing_format = "qcow2"});
  REQUIRE(volume.ok());
  CHECK(*volume ==
        "<volume type=\"file\">\n  <name>web-0.qcow2</name>\n  <capacity unit=\"bytes\">1024</capacity>\n"
        "  <allocation>0</allocation>\n  <target>\n    <format type=\"qcow2\" />\n  </target>\n  <backingStore>\n"
        "    <path>/pool/base</path>\n    <format type=\"qcow2\" />\n  </backingStore>\n</volume>\n");
}

TEST_CASE("a volume's name is a plain file name") {
  for (const char* name : {"", ".", "..", "a/b", "/etc/passwd", "../x", "a\nb"}) {
    const Result<std::string> xml = write_volume_xml(
        {.name = name, .capacity_bytes = 1, .format = "raw", .backing_path = {}, .backing_format = {}});
    REQUIRE_FALSE(xml.ok());
    CHECK(xml.error().kind == ErrorKind::invalid);
  }
  CHECK(write_volume_xml(
            {.name = R"(<&'"; rm -rf)", .capacity_bytes = 1, .format = "raw", .backing_path = {}, .backing_format = {}})
            .ok());
}

TEST_CASE("what a host can do is read from its capabilities") {
  HostFacts facts{.hypervisor = "QEMU",
                  .libvirt_version = 9000000,
                  .hypervisor_version = 7002022,
                  .arch = {},
                  .virt_types = {},
                  .machines = {}};
  const Result<void> read = read_capabilities(
      "<capabilities><host><uuid>4c4c4544-0000-4000-8000-000000000001</uuid><cpu><arch>x86_64</arch></cpu></host>"
      "<guest><os_type>hvm</os_type><arch name='i686'><machine canonical='x'>y</machine><domain "
      "type='xen'/></arch></guest>"
      "<guest><os_type>hvm</os_type><arch name='x86_64'><machine canonical='pc-q35-7.2'>q35</machine>"
      "<machine>pc-q35-6.0</machine><domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>",
      facts);
  REQUIRE(read.ok());
  CHECK(facts.identity.uuid == "4c4c4544-0000-4000-8000-000000000001");
  CHECK(facts.arch == "x86_64");
  CHECK(facts.virt_types == std::set<std::string>{"kvm", "qemu"});
  CHECK(traits_of(facts, true) == std::set<std::string>{"arch:x86_64", "kvm", "libvirt:9.0.0", "machine:pc-q35-7.2",
                                                        "machine:q35", "qemu:7.2.22"});
  CHECK_FALSE(traits_of(facts, false).contains("kvm"));
  CHECK_FALSE(read_capabilities("nonsense", facts).ok());
}

TEST_CASE("what a host offers for a kind of domain is read from its domain capabilities") {
  const Result<DomainOffer> offer = read_domain_capabilities(
      "<domainCapabilities><os supported='yes'><enum name='firmware'><value>bios</value><value>efi</value></enum></os>"
      "<cpu><mode name='host-passthrough' supported='no'/><mode name='host-model' supported='yes'/></cpu>"
      "</domainCapabilities>");
  REQUIRE(offer.ok());
  CHECK(*offer == DomainOffer{.host_model = true, .host_passthrough = false, .uefi = true});
  CHECK_FALSE(read_domain_capabilities("<x/>").ok());
}

}  // namespace vscale::test
