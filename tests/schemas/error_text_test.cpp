#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

// Every kind of mistake, as the person sees it. The golden files are the expectation: read them.

namespace vscale::test {
namespace {

std::string with_network(const std::string& networks) {
  std::string text = base();
  return text.substr(0, text.find("networks:")) + "networks:\n" + networks;
}

/// A file of two networks on br0, `lan` with a pool and a router, and one machine with a card on each of `networks`.
std::string with_two_networks(const std::string& lan2, const std::string& networks) {
  return with_network("  lan: { bridge: br0, addresses: [10.0.0.50-10.0.0.99], gateway: 10.0.0.1 }\n  lan2: { " + lan2 +
                      " }\n") +
         "machines:\n  db: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [" + networks + "] }\n";
}

}  // namespace

TEST_CASE("every mistake of a file is reported at once, in the order of the file") {
  check_messages("everything_at_once", R"(version: 2
name: Prod
hosts:
  kvm1: { uri: kvm1 }
images:
  debian-12: { source: https://images.example.lan/debian-12.qcow2 }
networks:
  lan: { bridge: br0, adresses: [10.0.0.50-10.0.0.99] }
groups:
  web:
    replicas: 3
    template: { image: debian-13, vcpus: 0, memory: 2 }
)");
}

TEST_CASE("an unknown key is shown with the key that was probably meant") {
  check_messages("unknown_key", with_group("    sise: 3\n"));
}

TEST_CASE("a key that stands one level too high is sent to its place") {
  check_messages("unknown_key_misplaced", with_group("    memory: 2GiB\n"));
}

TEST_CASE("the words of other tools are translated") {
  check_messages("unknown_key_other_word", with_group("    replicas: 3\n    ram: 2GiB\n"));
}

TEST_CASE("a duplicate key names both lines") {
  check_messages("duplicate_key", with_group("    size: 3\n    stateful: false\n    size: 4\n"));
}

TEST_CASE("a wrong type says what was found and what was expected") {
  check_messages("wrong_type", with_group("    size: many\n    dependsOn: db\n    health: [agent]\n    placement:\n"));
}

TEST_CASE("a number in quotes is a text") {
  check_messages("quoted_number", with_group("    size: \"3\"\n"));
}

TEST_CASE("yes and no are not booleans") {
  check_messages("yes_is_no_boolean", with_group("    lifecycle: { preventDestroy: yes }\n"));
}

TEST_CASE("a gate written as a bare word is shown how to write it") {
  check_messages("bare_gate", with_group("    health: { gates: [agent, domain: ] }\n"));
}

TEST_CASE("a size without a unit, or with one that is not known, gets a hint") {
  check_messages("wrong_size_unit", with_template("      disk: 20\n      maxMemory: 2G\n      disks:\n"
                                                  "        - { name: a, size: 5 GiB }\n"
                                                  "        - { name: b, size: lots }\n"
                                                  "        - { name: c, size: 512 }\n"));
}

TEST_CASE("a duration without a unit, or with one that is not known, gets a hint") {
  check_messages("wrong_duration_unit", with_group("    shutdown: { grace: 60 }\n"
                                                   "    health: { startupTimeout: 5min }\n"));
}

TEST_CASE("a number out of range says what is allowed") {
  check_messages("out_of_range", with_group("    size: -1\n    health: { gates: [tcp: { port: 70000 }] }\n"));
}

TEST_CASE("a word that is not known is shown with the words that are") {
  check_messages("unknown_word", with_template("      firmware: eufi\n") + "    placement: { strategy: even }\n");
}

TEST_CASE("a missing key is named where it is missing") {
  check_messages("missing_key", base() + "groups:\n  web:\n    size: 2\n  api:\n    template: { image: debian-12 }\n");
}

TEST_CASE("a required key that is misspelt is one mistake, not an unknown key and a missing one") {
  check_messages("misspelt_key",
                 base() +
                     "  dmz: { brige: br1 }\n"
                     "groups:\n  web:\n    template: { imge: debian-12, imag: debian-12, ram: 1GiB, networks: [] }\n"
                     "  api:\n    tmplate: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
}

TEST_CASE("a misspelt key that stands beside the one that was meant hides no other mistake") {
  CHECK(codes_of(base() + "  dmz: { brige: br1, network: default }\n" +
                 "groups:\n  web:\n    template: { image: debian-12, imge: debian-12, vcpus: 1, networks: [] }\n") ==
        std::vector<std::string>{"unknown_key", "missing_key", "unknown_key"});
}

TEST_CASE("a file without version, name and hosts says so") {
  check_messages("missing_everything", "groups: {}\n");
}

TEST_CASE("references to things that do not exist show those that do") {
  check_messages("unknown_reference", with_template("      storage: locl\n      networks: [wan]\n"
                                                    "      disks: [{ name: data, size: 1GiB, storage: nfs }]\n") +
                                          "    hosts: [kvm2]\n    dependsOn: [db]\n"
                                          "    placement: { antiAffinity: [{ key: zone, with: machine.db }] }\n"
                                          "  api:\n    hosts: { labels: { rack: b } }\n"
                                          "    template: { image: debian-13, vcpus: 1, memory: 1GiB }\n");
}

TEST_CASE("a minimum above its maximum names both") {
  check_messages("min_above_max", with_template("      maxVcpus: 1\n      maxMemory: 512MiB\n") +
                                      "    scaling: { min: 5, max: 3 }\n"
                                      "    size: 4\n");
}

TEST_CASE("more instances than addresses are counted over all groups of the network") {
  check_messages("too_few_addresses",
                 with_group("    size: 30\n") +
                     "  api:\n    size: 25\n    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
}

TEST_CASE("a group that could outgrow its addresses is told") {
  check_messages("too_few_addresses_max", with_group("    scaling: { min: 1, max: 60 }\n"));
}

TEST_CASE("pools that overlap name both places") {
  check_messages("overlapping_pools",
                 with_network("  lan:\n    bridge: br0\n    addresses:\n      - 10.0.0.50-10.0.0.99\n"
                              "      - 10.0.0.90\n  lan2: { bridge: br0, addresses: [10.0.0.60] }\n"
                              "  lan3: { bridge: br1, addresses: [10.0.0.70] }\n"));
}

TEST_CASE("addresses that cannot be handed out are refused") {
  check_messages("bad_addresses",
                 with_network("  a: { bridge: br0, addresses: [10.0.0.300] }\n"
                              "  b: { bridge: br1, addresses: [10.1.0.9-10.1.0.2] }\n"
                              "  c: { bridge: br2, addresses: [10.2.0.200-10.2.1.10] }\n"
                              "  d: { bridge: br3, addresses: [10.3.0.0-10.3.0.9], gateway: 10.3.0.5 }\n"
                              "  e: { bridge: br4, addresses: [10.4.0.10], gateway: 10.5.0.1 }\n"
                              "  f: { network: default, vlan: 20 }\n"
                              "  g: { bridge: br5, network: default }\n"
                              "  h: {}\n"));
}

TEST_CASE("an alias within itself is refused") {
  check_messages("cyclic_alias", "version: 1\nvars: &a [*a]\n");
}

TEST_CASE("aliases that explode are refused before they do") {
  std::string yaml = "version: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string below = "*x" + std::to_string(i - 1);
    yaml += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 9; ++k) yaml += ", " + below;
    yaml += "]\n";
  }
  check_messages("exploding_alias", yaml);
}

TEST_CASE("an alias to a value that is right is fine") {
  CHECK(codes_of(base() + "groups:\n  web: &web\n    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n"
                          "  api: *web\n")
            .empty());
}

TEST_CASE("a text that begins with ! is no tag once it is quoted") {
  check_messages("tag", with_group("    placement: { requires: [uefi, !gpu] }\n    size: !!int 3\n"));
}

TEST_CASE("merge keys are refused with what to do instead") {
  check_messages("merge_key", base() + "groups:\n  web:\n    <<: *base\n");
  check_messages("merge_key_known", base() + "defaults: &d { hosts: {} }\ngroups:\n  web:\n    <<: *d\n");
}

TEST_CASE("variables made from each other are refused with the way round") {
  check_messages("cyclic_variable",
                 "version: 1\nname: prod\nvars:\n  a: { default: \"${var.b}\" }\n"
                 "  b: { default: \"x${var.c}\" }\n  c: { default: \"${var.a}\" }\n");
}

TEST_CASE("an unquoted placeholder in brackets is recognised behind the syntax error that it makes") {
  check_messages("unquoted_placeholder_list", with_group("    hosts: [${var.host}]\n"));
  check_messages("unquoted_placeholder_map", with_group("    health: { startupTimeout: ${var.patience} }\n"));
  CHECK(codes_of(with_group("    hosts: [\n      kvm1,\n\n      ${var.host}\n    ]\n")) ==
        std::vector<std::string>{"unquoted_placeholder"});
}

TEST_CASE("a quote that is not closed is told where the next one opens, with its own line") {
  check_messages("syntax_quote_above", "version: 1\nname: \"prod\nhosts:\n  kvm1: { uri: \"qemu:///system\" }\n");
  check_messages("syntax_quote_above_single", "version: 1\nname: prod\nimages:\n  x: 'it''s\n  z: 'a'\n");
}

TEST_CASE("something behind a text in quotes is told as that, also where it is a placeholder") {
  check_messages("syntax_behind_quote", "version: 1\nname: \"demo\"${var.size}\n");
  check_messages("syntax_behind_quote_list", with_group("    hosts: [\"kvm\\\"1\" kvm2]\n"));
}

TEST_CASE("control characters are refused, written and escaped") {
  check_messages("control_character", std::string("version: 1\nname: \"a") + '\x1b' + "[31mb\"\n");
  check_messages("control_character_escaped", with_template("      xml: [{ at: \"/domain\", set: \"a\\u0007b\" }]\n"));
}

TEST_CASE("bytes that are not UTF-8 are refused") {
  check_messages("invalid_utf8", "version: 1\nname: caf\xe9\n");
}

TEST_CASE("hostile names are refused") {
  check_messages("hostile_names", R"(version: 1
name: "<&'\"; rm -rf"
hosts:
  "../../etc": { uri: "qemu:///system" }
images:
  "a/b": { source: /x }
storage:
  "x y": { pool: "<pool/>" }
networks:
  "": { bridge: "br0; reboot" }
groups:
  "web\nname: x":
    template: { image: "<&'\"; rm -rf", vcpus: 1, memory: 1GiB }
)");
}

TEST_CASE("a machine cannot have the name of an instance") {
  check_messages("name_collision", with_group("    size: 2\n") +
                                       "machines:\n  web-7: { image: debian-12, vcpus: 1, memory: 1GiB }\n"
                                       "  web-x: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
}

TEST_CASE("a name that is too long for a host name is refused") {
  std::string long_name = base() +
                          "groups:\n  a123456789-123456789-123456789-12345678:\n"
                          "    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n";
  long_name.replace(long_name.find("name: prod"), 10, "name: production-of-the-whole-company");
  check_messages("name_too_long", long_name);
}

TEST_CASE("syntax errors are told in plain words") {
  check_messages("syntax_indentation", "version: 1\nname: prod\n   hosts: {}\n");
  check_messages("syntax_unclosed_list", "version: 1\ngroups: [a, b\nname: prod\n");
  check_messages("syntax_unclosed_quote", "version: 1\nname: \"prod\n");
  check_messages("syntax_tab", "version: 1\ngroups:\n\tweb: {}\n");
  check_messages("syntax_colon", "version: 1\nname: a: b\n");
  check_messages("syntax_percent", "version: 1\nname: @prod\n");
  check_messages("syntax_unknown_alias", "version: 1\nname: *prod\n");
  check_messages("syntax_escape", "version: 1\nname: \"pr\\od\"\n");
}

TEST_CASE("an empty file is not a configuration") {
  check_messages("empty_file", "");
  check_messages("empty_file_comments", "# nothing here\n\n");
}

TEST_CASE("a file that is no map is not a configuration") {
  check_messages("no_map", "- version: 1\n");
}

TEST_CASE("several documents in a file are refused") {
  check_messages("several_documents", "version: 1\nname: prod\n---\nversion: 1\n");
}

TEST_CASE("a file that is too large is refused before it is parsed") {
  check_messages("too_large", "version: 1\n#" + std::string(kMaxFileBytes, 'x'));
}

TEST_CASE("nesting that is too deep is refused") {
  check_messages("too_deep", "version: 1\nvars: " + std::string(500, '[') + std::string(500, ']') + "\n");
}

TEST_CASE("gates that need an agent are refused for an image without one") {
  std::string yaml = with_group("    health: { gates: [domain: {}, agent: {}, systemd: {}, exec: { guest: [id] }] }\n");
  yaml.replace(yaml.find("debian-12.qcow2"), 15, "debian-12.qcow2, agent: none");
  check_messages("gate_without_agent", yaml);
}

TEST_CASE("a hook that nobody could run, or take back, is refused") {
  check_messages("hooks", with_group(R"(    hooks:
      afterReady: [{ command: [lb, add], undo: [lb, remove] }]
      beforeStop: [{ guest: [drain], undo: [resume], timeout: 0s }]
      afterStop:
        - { command: [lb, forget] }
        - { guest: [bye], onFailure: continue }
)"));
}

TEST_CASE("a hook that needs an agent is refused for an image without one") {
  std::string yaml = with_group("    hooks: { afterReady: [{ guest: [id] }] }\n");
  yaml.replace(yaml.find("debian-12.qcow2"), 15, "debian-12.qcow2, agent: none");
  check_messages("hook_without_agent", yaml);
}

TEST_CASE("an unknown placeholder shows the escape") {
  check_messages("unknown_placeholder", base() + R"(vars: { domain: { default: example.lan } }
groups:
  web:
    template:
      image: debian-12
      vcpus: 1
      memory: 1GiB
      cloudInit:
        userData: |
          #!/bin/sh
          echo ${HOME} ${var.domian} ${domain}
          echo ${nam} ${var.domain} ${group.db[0].address} ${group.web[5].address}
          echo ${unclosed
)");
}

TEST_CASE("a secret or a fact of an instance cannot stand where it would be shown") {
  check_messages("secret_exposed", base() + R"(vars: { token: { sensitive: true } }
groups:
  web:
    hosts: ["${var.token}", "${env.HOST}", "${name}"]
    template: { image: debian-12, vcpus: 1, memory: 1GiB }
)",
                 {.environment = {{"VSCALE_VAR_token", "hunter2"}, {"HOST", "hunter3"}}});
}

TEST_CASE("a gate's command takes facts of its instance and nothing that must not be logged") {
  check_messages("gate_command",
                 with_group("    health: { gates: [exec: { guest: [echo, \"${name} ${address}\", "
                            "\"${env.TOKEN}\", \"${group.web[0].address}\"] }] }\n"),
                 {.environment = {{"TOKEN", "hunter2"}}});
}

TEST_CASE("a guest's own address cannot be in user-data before DHCP has given it one") {
  std::string yaml = with_template("      cloudInit: { userData: \"ip=${address}\" }\n");
  CHECK(codes_of(yaml).empty());
  yaml.replace(yaml.find("addresses: [10.0.0.50-10.0.0.99], gateway"), 41, "gateway");
  check_messages("own_address_by_dhcp", yaml);
}

TEST_CASE("a pool that is written wrongly is a pool all the same: it is not told that there is none") {
  const std::string yaml = with_template("      cloudInit: { userData: \"ip=${address}\" }\n");
  const auto with_addresses = [&yaml](const std::string& addresses) {
    std::string changed = yaml;
    changed.replace(changed.find("[10.0.0.50-10.0.0.99]"), 21, addresses);
    return codes_of(changed);
  };

  CHECK(with_addresses("[10.0.0.90-10.0.0.50]") == std::vector<std::string>{"min_above_max"});
  CHECK(with_addresses("[10.0.0.300]").size() == 1);
  CHECK(with_addresses("lots").size() == 1);
  CHECK(with_addresses("[]") == std::vector<std::string>{"unknown_placeholder"});
}

TEST_CASE("a variable without a value is an error, a sensitive one only where secrets are demanded") {
  const std::string yaml = base() +
                           "vars: { a: {}, b: { sensitive: true } }\n"
                           "groups:\n  web:\n    template:\n      image: debian-12\n      vcpus: 1\n"
                           "      memory: 1GiB\n      cloudInit: { userData: \"${var.b} ${env.C}\" }\n";
  check_messages("missing_variable", yaml);
  check_messages("missing_variable_not_demanded", yaml, {.secrets = ReadInput::Secrets::not_demanded});
}

TEST_CASE("mistakes in variables from outside never show their values") {
  check_messages("bad_assignments", base() + "vars: { domain: {}, token: { sensitive: true } }\n",
                 {.assignments = {"domian=hunter2", "hunter2", "token=hunter\x07"},
                  .var_files = {{"secrets.yaml", "tokn: hunter2\ntoken: [hunter2]\ndomain: hunter2\n"},
                                {"broken.yaml", "token: \"hunter2\n"}}});
}

TEST_CASE("a line that declares a secret is never quoted") {
  check_messages("secret_line", base() +
                                    "vars:\n  token: { sensitive: ture, default: hunter2 }\n"
                                    "  other: { sensitve: true, default: hunter2 }\n");
}

TEST_CASE("a secret cannot be written in the file, which is kept in the statefile") {
  check_messages("secret_in_file",
                 base() +
                     "vars:\n  password: { sensitive: true, default: hunter2 }\n"
                     "  url:\n    sensitive: true\n    default: \"hunter2@${env.HOST}\"\n",
                 {.environment = {{"HOST", "db1"}}});
}

TEST_CASE("the password of a URL is never shown, and warned of where it stands in the file") {
  check_messages("url_password", R"(version: 1
name: prod
vars: { pw: {} }
hosts:
  kvm1: { uri: "qemu+tcp://anna:hunter2@kvm1/system", label: {} }
  kvm2: { uri: "QEMU://anna:hunter2@a-host-with-a-very-long-name.example.lan/system" }
images:
  a: { source: "https://anna:hunter2@images.example.lan/a.qcow2" }
  b: { source: "https://anna:${var.pw}@images.example.lan/b.qcow2" }
  c: { source: "https://anna:hunter 2@images.example.lan/c.qcow2", checksumUrl: "http://:hunter2@h/SHA256SUMS" }
storage:
  local: { pool: "https://anna:hunter2@a-host-with-a-very-long-name.example.lan/pool" }
networks:
  lan: { bridge: br0 }
groups:
  web:
    template: { image: a, vcpus: 1, memory: 1GiB, cloudInit: { userDataFile: "https://anna:hunter2@h/x" } }
)",
                 {.assignments = {"pw=hunter2"}});
}

TEST_CASE("a sensitive variable may have a default that comes from outside of the file") {
  CHECK(codes_of(with_group("") + "vars: { a: { sensitive: true, default: \"${env.HOST}\" }, b: { sensitive: true, "
                                  "default: \"${var.a}\" }, "
                                  "c: { sensitive: true, default: \"\" }, d: { sensitive: false, default: x } }\n",
                 {.environment = {{"HOST", "db1"}}})
            .empty());
}

TEST_CASE("a value given in two files names both") {
  ReadInput input = input_of(with_group("    size: 3\n"));
  input.files.push_back({"more/web.yaml",
                         "version: 1\nname: prod\ngroups:\n  web:\n    size: 4\n"
                         "hosts: { kvm1: { labels: { rack: b, row: 1 } } }\n"});
  ReadConfig found = read_config(input);
  CHECK(!found.config);
  check_golden("schemas/given_twice.txt", [&] {
    std::string all;
    for (const Diagnostic& d : found.diagnostics) all += d.summary + " | " + d.hint + "\n";
    return all;
  }());
}

TEST_CASE("groups that wait for each other are refused with the way round") {
  check_messages("cyclic_dependency",
                 with_group("    dependsOn: [api]\n") +
                     "  api:\n    dependsOn: [machine.db]\n    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n"
                     "machines:\n  db: { image: debian-12, vcpus: 1, memory: 1GiB, dependsOn: [web] }\n");
}

TEST_CASE("files that a configuration names are checked") {
  check_messages("named_files",
                 with_template("      cloudInit:\n        userDataFile: missing.yaml\n"
                               "        sshKeys: [id_ed25519, empty.pub, missing.pub, ~/.ssh/id_ed25519.pub]\n") +
                     "  api:\n    template:\n      image: debian-12\n      vcpus: 1\n      memory: 1GiB\n"
                     "      cloudInit: { userDataFile: user-data.sh }\n",
                 {.files = {{"/config/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"},
                            {"/config/empty.pub", "\n"},
                            {"/config/user-data.sh", "#!/bin/sh\necho $${fine} ${HOME}\n"}}});
}

TEST_CASE("fixed addresses are for machines, once each, within the network and not its router's") {
  check_messages(
      "fixed_addresses",
      with_template("      networks: [{ name: lan, address: 10.0.0.5, mac: \"52:54:00:00:00:01\" }]\n") +
          "machines:\n"
          "  a: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, address: 10.0.0.7, "
          "mac: \"52:54:00:00:00:AA\" }] }\n"
          "  b: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, address: 10.0.0.7, "
          "mac: \"52:54:00:00:00:aa\" }] }\n"
          "  c: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, address: 10.9.0.7, "
          "mac: \"53:54:00:00:00:11\" }] }\n"
          "  d: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, address: 10.0.0.255 }] }\n"
          "  e: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, address: 10.0.0.1 }] }\n"
          "  f: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [{ name: lan, "
          "mac: \"FE:54:00:00:00:11\" }] }\n");
}

TEST_CASE("networks of one bridge are one segment: what one of them has is there for the others") {
  check_messages("one_segment",
                 with_two_networks("bridge: br0, addresses: [10.0.0.1-10.0.0.9], dns: [10.0.0.60, 10.0.0.70]",
                                   "{ name: lan, address: 10.0.0.5 }, { name: lan2, address: 10.0.0.50 }, "
                                   "{ name: lan, address: 10.0.0.40 }, { name: lan2, address: 10.0.0.40 }, "
                                   "{ name: lan, address: 10.0.0.60 }"));
  CHECK(codes_of(with_two_networks("bridge: br1, addresses: [10.0.0.1-10.0.0.9]",
                                   "{ name: lan, address: 10.0.0.5 }, { name: lan2, address: 10.0.0.50 }, "
                                   "{ name: lan, address: 10.0.0.40 }, { name: lan2, address: 10.0.0.40 }"))
            .empty());
}

TEST_CASE("a guest may be the router of a network, on another network of the same bridge") {
  check_messages("guest_as_router", with_two_networks("bridge: br0", "{ name: lan2, address: 10.0.0.1 }"));
}

TEST_CASE("a network by DHCP tells by its gateway where a fixed address may be") {
  check_messages("fixed_by_dhcp",
                 with_two_networks("bridge: br1, gateway: 10.2.0.255, prefix: 16",
                                   "{ name: lan2, address: 10.2.1.0 }, { name: lan2, address: 10.3.0.9 }"));
  check_messages("edge_gateway", with_two_networks("bridge: br1, gateway: 10.2.0.255", ""));
}

TEST_CASE("disks have names of their own") {
  check_messages("disk_names", with_template("      disks:\n        - { name: root, size: 1GiB }\n"
                                             "        - { name: data, size: 1GiB }\n"
                                             "        - { name: data, size: 0GiB }\n"
                                             "        - { name: ../x, size: 1GiB }\n"));
}

TEST_CASE("keys that exclude each other are refused") {
  check_messages("exclusive_keys", with_template("      cloudInit: { userData: a, userDataFile: b }\n") +
                                       "    health: { gates: [{ agent: {}, domain: {} }, {}] }\n");
}

TEST_CASE("moves and removals name what is and what is not in the file") {
  check_messages("moves", with_group("") +
                              "moved:\n  - { from: group.web, to: group.www }\n"
                              "  - { from: group.a, to: machine.b }\n"
                              "  - { from: web, to: group.web }\n"
                              "removed:\n  - { address: group.web, then: destroy }\n"
                              "  - { address: group.old }\n"
                              "  - { address: \"group.web[3]\", then: forget }\n");
}

TEST_CASE("renames may follow each other, and not go in a circle") {
  CHECK(codes_of(with_group("") + "moved:\n  - { from: group.a, to: group.b }\n  - { from: group.b, to: group.web }\n")
            .empty());
  check_messages("moves_chained", with_group("") +
                                      "moved:\n  - { from: group.a, to: group.b }\n"
                                      "  - { from: group.b, to: group.c }\n"
                                      "  - { from: group.d, to: group.e }\n"
                                      "  - { from: group.e, to: group.d }\n"
                                      "  - { from: group.f, to: group.f }\n");
}

TEST_CASE("policies have the keys of their kind") {
  check_messages("policies", with_group(R"(    scaling:
      min: 1
      max: 3
      policies:
        a: { kind: target, metric: cpu, steps: [{ add: 1 }] }
        b: { kind: step, metric: cpu, threshold: 90, for: 5/3, steps: [{ from: 0, add: -10% }] }
        c: { kind: schedule, start: "0 7 * * *", min: 3, max: 2 }
        d: { kind: target, metric: cpu, command: [true], target: 80% }
        e: { kind: capacity }
        f: { kind: targte }
)"));
}

TEST_CASE("a target for cpu or memory is percent of what one instance has; other numbers may be any") {
  check_messages("target_beyond_an_instance", with_group(R"(    scaling:
      min: 1
      max: 3
      policies:
        a: { kind: target, metric: cpu, target: 0 }
        b: { kind: target, metric: memory, target: 600 }
)"));
  CHECK(codes_of(with_group(R"(    scaling:
      min: 1
      max: 3
      policies:
        least: { kind: target, metric: cpu, target: 1 }
        most: { kind: target, metric: memory, target: 100 }
        disk: { kind: target, metric: diskIops, target: 600 }
        above: { kind: step, metric: cpu, threshold: 600, steps: [{ from: 0, add: 1 }] }
)"))
            .empty());
}

TEST_CASE("the end of a window that is missing is shown as one at which the window would open") {
  const auto told = [](const std::string& keys) {
    return messages_for(
        with_group("    scaling: { min: 1, max: 3, policies: { a: { kind: schedule, size: 2, " + keys + " } } }\n"));
  };
  const auto has = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };

  has(told("start: \"30 6 * * MON-FRI\""), "hint: add end: \"0 19 * * MON-FRI\"");
  has(told("start: \"0 19 * * MON-FRI\""), "hint: add end: \"30 6 * * MON-FRI\"");
  has(told("end: \"0 19 * * MON-FRI\""), "hint: add start: \"30 6 * * MON-FRI\"");
  has(told("end: \"30 6 * * MON-FRI\""), "hint: add start: \"0 19 * * MON-FRI\"");
}

TEST_CASE("a schedule that is an event and a window is told only that") {
  CHECK(codes_of(with_group("    scaling: { min: 1, max: 3, policies: { a: { kind: schedule, size: 2, "
                            "at: \"0 7 * * *\", start: \"0 8 * * *\" } } }\n")) ==
        std::vector<std::string>{"exclusive_keys"});
}

TEST_CASE("a policy that measures nothing is told what it has none of") {
  const std::string told =
      messages_for(with_group("    scaling: { min: 1, max: 3, policies: { a: { kind: target, target: 5 } } }\n"));
  INFO(told);
  CHECK(told.find("policy \"a\" has none of metric, prometheus,") != std::string::npos);
}

TEST_CASE("scaling steps neither overlap nor leave a gap, and lie on one side of the threshold") {
  check_messages("scaling_steps", with_group(R"(    scaling:
      min: 1
      max: 3
      policies:
        empty: { kind: step, metric: cpu, threshold: 50, steps: [{ from: 5, to: 5, add: 1 }] }
        both: { kind: step, metric: cpu, threshold: 50, steps: [{ from: -5, to: 5, add: 1 }] }
        overlap: { kind: step, metric: cpu, threshold: 50, steps: [{ to: 10, add: 1 }, { from: 5, add: 2 }] }
        gap: { kind: step, metric: cpu, threshold: 50, steps: [{ to: 10, add: 1 }, { from: 20, add: 2 }] }
        good: { kind: step, metric: cpu, threshold: 50, steps: [{ to: -20, add: -1 }, { to: 10, add: 1 }, { from: 10, add: 2 }] }
)"));
}

TEST_CASE("a group that nothing would bring back from no instance at all is refused") {
  check_messages("stays_at_zero", with_group(R"(    scaling:
      min: 0
      max: 3
      policies:
        cpu: { kind: target, metric: cpu, target: 50 }
        burst: { kind: step, metric: memory, threshold: 80, steps: [{ from: 0, add: 1 }] }
)"));
  for (const std::string other :
       {R"({ kind: target, target: 5, per: instance, http: { url: "http://queue.lan/", value: /n } })",
        R"({ kind: schedule, at: "0 7 * * *", size: 2 })"}) {
    CHECK(codes_of(
              with_group("    scaling: { min: 0, max: 3, policies: { cpu: { kind: target, metric: cpu, target: 50 }, "
                         "other: " +
                         other + " } }\n"))
              .empty());
  }
}

TEST_CASE("times and ports that cannot be are refused") {
  check_messages("impossible_time_and_port", with_group(R"(    scaling:
      min: 1
      max: 3
      policies:
        a: { kind: schedule, at: "99 99 * * *", size: 2 }
watch: { listen: "127.0.0.1:99999" }
)"));
}

TEST_CASE("a line with tabs and wide characters has its caret in the right place") {
  check_messages("wide_characters", with_group("    placement:\t{ \"größe 大きさ\": 1, strategi: spread }\n"));
}

TEST_CASE("a URI that makes libvirt run a program is refused, since looking at a host must not execute anything") {
  check_messages("uri_runs_commands", R"(version: 1
name: prod
hosts:
  a: { uri: "qemu+ext:///system" }
  b: { uri: "qemu+ssh://h/system?command=/repo/evil" }
  c: { uri: "qemu+ssh://h/system?no_tty=1&c%6Fmmand=/repo/evil" }
  d: { uri: "qemu+ssh://h/system?keyfile=/k;COMMAND=/repo/evil" }
  e: { uri: "qemu+ssh://h/system?command%00x=/repo/evil" }
  f: { uri: "qemu+ssh://h/system?netcat=/usr/bin/evil" }
  g: { uri: "remote+ssh://h/?name=qemu%2bext:///system%3fcommand=evil" }
)");
}

TEST_CASE("a URI that lets anybody pose as the host is refused") {
  check_messages("uri_unverified", R"(version: 1
name: prod
hosts:
  a: { uri: "qemu+tls://h/system?no_verify=1" }
  b: { uri: "qemu+ssh://h/system?keyfile=/k&No_Verify=01" }
  c: { uri: "qemu+libssh2://h/system?known_hosts_verify=ignore" }
  d: { uri: "qemu+libssh://h/system?known_hosts_verify=Auto" }
)");
}

TEST_CASE("only the environment can allow hosts that are not verified, and nothing allows commands") {
  const std::string unverified = "version: 1\nname: prod\nhosts: { a: { uri: \"qemu+ssh://h/system?no_verify=1\" } }\n";
  CHECK(codes_of(unverified, {.environment = {{"VSCALE_ALLOW_UNVERIFIED_HOSTS", "1"}}}).empty());
  CHECK(codes_of(unverified, {.environment = {{"VSCALE_ALLOW_UNVERIFIED_HOSTS", "yes"}}}) ==
        std::vector<std::string>{"unverified_host"});
  CHECK(codes_of("version: 1\nname: prod\nhosts: { a: { uri: \"qemu+ext:///system\" } }\n",
                 {.environment = {{"VSCALE_ALLOW_UNVERIFIED_HOSTS", "1"}}}) ==
        std::vector<std::string>{"runs_commands"});
}

TEST_CASE("the usual URIs of libvirt are fine") {
  for (const char* uri : {"qemu:///system", "qemu+ssh://root@kvm1:22/system?keyfile=/k&sshauth=privkey",
                          "qemu+tls://kvm1/system?no_verify=0", "qemu+unix:///system?socket=/run/a", "test:///default",
                          "qemu+libssh2://h/system?known_hosts=/k/hosts",
                          "qemu+ssh://h/system?proxy=native&mode=direct", "remote+ssh://h/?name=qemu:///system"}) {
    INFO(uri);
    CHECK(codes_of("version: 1\nname: prod\nhosts: { a: { uri: \"" + std::string(uri) + "\" } }\n").empty());
  }
}

TEST_CASE("an image out of a libvirt volume is warned of, since no plan can be made with it yet") {
  std::string yaml = with_group("");
  yaml.replace(yaml.find("source: debian-12.qcow2"), 23, "source: { host: kvm1, pool: default, volume: golden }");
  check_messages("image_of_a_volume", yaml);
}

TEST_CASE("gates that nothing can ever pass, or only with luck, are told") {
  check_messages("gate_without_network",
                 with_template("      networks: []\n") +
                     "    health: { gates: [tcp: { port: 22 }, http: {}, exec: { guest: [id] }] }\n");
  check_messages("gate_agent_not_installed",
                 with_template("      cloudInit: { vendorData: false }\n") + "    health: { gates: [agent: {}] }\n");
}

TEST_CASE("what happens when a host is lost has to be said where disks are not shared") {
  check_messages(
      "host_loss_unsaid",
      with_group("    ha: true\n") +
          "  api:\n    ha: { onHostLoss: wait }\n    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
  std::string shared = with_group("    ha: true\n") + "watch: { witness: [10.0.0.1] }\n";
  shared.replace(shared.find("pool: default"), 13, "pool: default, shared: true");
  CHECK(config_of(shared).groups[0].ha.has_value());
}

TEST_CASE("with fewer than three hosts and no witness no host can be known to be lost") {
  const std::string one = with_group("    ha: { onHostLoss: rebuild }\n");
  std::string two = one;
  two.insert(two.find("images:"), "  kvm2: { uri: \"qemu+ssh://root@kvm2/system\" }\n");
  check_messages("no_other_host", one);
  check_messages("no_witness", two);
}

TEST_CASE("policies look back no further than samples are kept, and ask only an InfluxDB that is named") {
  check_messages("policies_and_metrics", with_group(R"(    scaling:
      min: 1
      max: 3
      window: 25h
      policies:
        a: { kind: target, metric: cpu, target: 60, window: 2d }
        b: { kind: target, influxdb: { query: x }, target: 60, window: 24h }
)") + "metrics: { path: m.db }\n");
}

TEST_CASE("every mistake has a hint") {
  for (const std::string& file : source_files_below("tests/golden/schemas", ".txt")) {
    INFO(file);
    std::string rest = read_source_file(file);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("\n\n"), rest.size());
      const std::string message = rest.substr(0, end);
      rest.erase(0, end + 2);
      INFO(message);
      CHECK((!message.starts_with("error: ") || message.find("= hint: ") != std::string::npos));
    }
  }
}

TEST_CASE("no more than a screenful of screens is said about one file") {
  std::string yaml = base() + "groups:\n";
  for (int i = 0; i < 300; ++i) yaml += "  g" + std::to_string(i) + ": { sise: 1 }\n";
  const ReadConfig found = read(yaml);
  CHECK(found.diagnostics.size() == kMaxDiagnostics + 1);
  CHECK(found.diagnostics.back().code == "too_many");
  CHECK_FALSE(found.config);
}

}  // namespace vscale::test
