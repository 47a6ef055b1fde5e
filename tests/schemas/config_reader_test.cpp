#include "schemas/config/config_reader.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "schemas/diagnostics/diagnostic_text.h"
#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kEverything = "tests/schemas/data/everything.yaml";

World world_of_everything() {
  return {.environment = {{"INFLUX_USER", "influx"}, {"INFLUX_PASSWORD", "hunter2"}},
          .assignments = {"joinToken=hunter3"}};
}

Config everything() {
  return config_of(read_source_file(kEverything), world_of_everything());
}

TemplateText text(const std::string& words) {
  return {words};
}

}  // namespace

TEST_CASE("the whole language on one page is read without an error, and what does nothing yet is a warning") {
  const std::string shown = messages_for(read_source_file(kEverything), world_of_everything());
  check_golden("schemas/everything_warnings.txt", shown);
  CHECK(shown.find("hunter") == std::string::npos);
}

TEST_CASE("only what does nothing yet is warned of") {
  CHECK(codes_of(with_group("    update: { strategy: recreate, allow: reboot, minReady: 0s }\n") +
                 "limits: { replace: 50% }\n")
            .empty());
  CHECK(codes_of(with_group("    stateful: true\n")) == std::vector<std::string>{"not_yet"});
  CHECK(codes_of(with_group("    stateful: false\n")).empty());
}

TEST_CASE("of the hooks only afterBoot does nothing yet") {
  CHECK(codes_of(with_group("    hooks: { afterReady: [{ command: [a] }], beforeStop: [{ guest: [b], undo: [c] }] }\n"))
            .empty());
  CHECK(codes_of(with_group("    hooks: { afterBoot: [{ command: [a] }] }\n")) == std::vector<std::string>{"not_yet"});
}

TEST_CASE("a configuration's name, state, limits and metrics are read") {
  const Config config = everything();
  CHECK(config.name == "prod");
  CHECK(config.state == StateFile{.path = "/config/vscale.db", .backup_keep = 48, .backup_every = hours(1)});
  CHECK(config.limits == Limits{.destroy = 1,
                                .replace = Amount{Amount::Unit::percent, 50},
                                .parallel = 10,
                                .per_host = 4,
                                .uploads = 2,
                                .booting = 4});
  CHECK(config.metrics.history == hours(24 * 60));
  REQUIRE(config.metrics.influxdb.has_value());
  CHECK(config.metrics.influxdb->url == "http://influx:8086");
  CHECK(config.metrics.influxdb->username == "${env.INFLUX_USER}");
  CHECK(config.metrics.influxdb->password == text("${env.INFLUX_PASSWORD}"));
}

TEST_CASE("hosts, images, storage and networks are read in file order") {
  const Config config = everything();
  REQUIRE(config.hosts.size() == 3);
  const Host& kvm1 = config.hosts[0];
  CHECK(kvm1.uri == "qemu+ssh://root@kvm1/system");
  CHECK(kvm1.labels == std::map<std::string, std::string>{{"rack", "a"}, {"zone", "north"}});
  CHECK(kvm1.capacity == HostCapacity{});
  CHECK(kvm1.reserved_memory_bytes == kGiB);
  CHECK(kvm1.overcommit_vcpus == 4.0);
  CHECK(kvm1.migration_address == "10.0.0.11");
  CHECK(kvm1.fence == std::vector<FenceMethod>{{FenceMethod::Kind::command, {"/usr/local/sbin/fence", "kvm1"}},
                                               {FenceMethod::Kind::manual, {}}});
  CHECK_FALSE(config.hosts[1].reserved_memory_bytes.has_value());
  REQUIRE(config.images.size() == 1);
  CHECK(config.images[0].source.url == "https://images.example.lan/debian-12.qcow2");
  CHECK(config.images[0].checksum.size() == 7 + 128);
  CHECK(config.images[0].keep == 2);
  CHECK(config.storage == std::vector<Storage>{{.name = "local",
                                                .pool = "default",
                                                .path = "",
                                                .shared = false,
                                                .reserved_bytes = 10 * kGiB,
                                                .overcommit = 1.0},
                                               {.name = "nfs", .pool = "vms", .path = "", .shared = true}});
  REQUIRE(config.networks.size() == 1);
  const Network& lan = config.networks[0];
  CHECK(lan.bridge == "br0");
  CHECK(lan.addresses == std::vector<AddressRange>{{0x0A000032, 0x0A000063}, {0x0A000078, 0x0A000078}});
  CHECK(lan.gateway == "10.0.0.1");
  CHECK(lan.dns == std::vector<std::string>{"10.0.0.1"});
}

TEST_CASE("a group's template is read") {
  const Template made = everything().groups[0].instance;
  CHECK(made.image == "debian-12");
  CHECK(made.vcpus == 2);
  CHECK(made.max_vcpus == 2);
  CHECK(made.memory_bytes == 2 * kGiB);
  CHECK(made.max_memory_bytes == 2 * kGiB);
  CHECK(made.disk_bytes == 20 * kGiB);
  CHECK(made.storage == "local");
  CHECK(made.disks == std::vector<DataDisk>{{"data", 50 * kGiB, "local", true}});
  CHECK(made.networks == std::vector<NicSpec>{{"lan", {}, {}}});
  CHECK(made.cpu == "host-model");
  // The variable is no secret and is filled in; the instance's name is not known yet.
  CHECK(made.cloud_init.user_data == text("#cloud-config\nfqdn: ${name}.example.lan\n"));
  CHECK(made.cloud_init.user == "debian");
  CHECK(made.cloud_init.ssh_keys == std::vector<std::string>{"ssh-ed25519 AAAA… anna"});
}

TEST_CASE("a group's own keys are read") {
  const Group web = everything().groups[0];
  CHECK(web.kind == InstanceAddress::Kind::group);
  CHECK(web.hosts.labels == std::map<std::string, std::string>{{"zone", "north"}});
  CHECK(web.size == 3);
  CHECK(web.placement.anti_affinity == std::vector<AntiAffinity>{{"host", "", AntiAffinity::Mode::soft},
                                                                 {"rack", "machine.db", AntiAffinity::Mode::hard}});
  CHECK(web.placement.requires_traits == std::vector<std::string>{"uefi", "!gpu"});
  CHECK(web.update.steps == std::vector<UpdateStep>{{{Amount::Unit::count, 1}, false, minutes(5), {}},
                                                    {{Amount::Unit::percent, 50}, true, {}, {}},
                                                    {{Amount::Unit::percent, 100}, false, {}, minutes(10)}});
  CHECK(web.update.on_failure == Update::OnFailure::rollback);
  CHECK(web.shutdown_grace == seconds(60));
  REQUIRE(web.hooks.after_boot.size() == 1);
  CHECK(web.hooks.after_boot[0].guest == std::vector<TemplateText>{{"sh"}, {"-s"}});
  CHECK(web.hooks.after_boot[0].stdin_from.size() == 6);
  CHECK(web.hooks.before_stop[0].command[2] == text("${name}"));
  REQUIRE(web.external.has_value());
  CHECK(web.external->via_agent);
  REQUIRE(web.ha.has_value());
  CHECK(web.ha->on_host_loss == HighAvailability::OnHostLoss::restart);
}

// terraform-provider-google#1314, #1506
TEST_CASE("a 0 that is written is 0, and not the default") {
  const Group web = config_of(with_group("    size: 0\n    update: { maxSurge: 0, maxUnavailable: 1 }\n"
                                         "    shutdown: { grace: 0s }\n"))
                        .groups[0];
  CHECK(web.size == 0);
  CHECK(web.update.max_surge == Amount{Amount::Unit::count, 0});
  CHECK(web.shutdown_grace == seconds(0));
  const Group other = config_of(with_group("")).groups[0];
  CHECK(other.size != 0);
  CHECK(other.update.max_surge != Amount{Amount::Unit::count, 0});
  CHECK(other.shutdown_grace != seconds(0));
}

// convox/rack#418
TEST_CASE("a guest cannot be given no time at all to boot") {
  CHECK_FALSE(codes_of(with_group("    health: { startupTimeout: 0s }\n")).empty());
  CHECK(codes_of(with_group("    health: { startupTimeout: 1s }\n")).empty());
}

TEST_CASE("gates are read in order, without those that do nothing yet") {
  const Health health = everything().groups[0].health;
  std::vector<Gate::Kind> kinds;
  for (const Gate& gate : health.gates) kinds.push_back(gate.kind);
  CHECK(kinds == std::vector<Gate::Kind>{Gate::Kind::domain, Gate::Kind::agent, Gate::Kind::cloud_init,
                                         Gate::Kind::systemd, Gate::Kind::tcp, Gate::Kind::http, Gate::Kind::exec});
  CHECK(health.gates[3].allow_degraded);
  CHECK(health.gates[4].port == 22);
  CHECK(health.gates[5] == Gate{.kind = Gate::Kind::http,
                                .port = 80,
                                .path = "/health",
                                .status = 200,
                                .timeout = seconds(5),
                                .every = seconds(10),
                                .guest = {},
                                .kubeconfig = ""});
  CHECK(health.gates[6].guest == std::vector<TemplateText>{{"/usr/bin/test"}, {"-e"}, {"/run/app.ready"}});
}

TEST_CASE("scaling and all kinds of policies are read in file order") {
  const Scaling scaling = *everything().groups[0].scaling;
  CHECK(scaling.min == 3);
  CHECK(scaling.max == 10);
  CHECK(scaling.cooldown == OutIn{seconds(60), minutes(5)});
  CHECK(scaling.rate_out.size() == 2);
  CHECK(scaling.window == minutes(2));
  std::vector<std::string> names;
  for (const ScalingPolicy& policy : scaling.policies) names.push_back(policy.name);
  CHECK(names == std::vector<std::string>{"cpu", "memory", "io", "burst", "early", "office", "slots", "queue", "pods",
                                          "season"});
  CHECK(scaling.policies[2].target_is_percent_of_full);
  CHECK(scaling.policies[2].full == 1000);
  CHECK(scaling.policies[3].for_samples == 3);
  CHECK(scaling.policies[3].of_samples == 5);
  CHECK(scaling.policies[3].steps[1].add == Amount{Amount::Unit::percent, 30});
  CHECK(scaling.policies[4].at == "30 6 * * MON");
  REQUIRE(scaling.policies[6].endpoint.has_value());
  CHECK(scaling.policies[6].endpoint->token == text("${var.joinToken}"));
  CHECK(scaling.policies[7].prometheus->query == "sum(jobs_waiting)");
  CHECK(scaling.policies[8].kind == ScalingPolicy::Kind::pending_pods);
}

TEST_CASE("a machine is a group of one, after the groups") {
  const Config config = everything();
  REQUIRE(config.groups.size() == 2);
  const Group& db = config.groups[1];
  CHECK(address_of(db) == "machine.db");
  CHECK(db.size == 1);
  CHECK(db.instance.max_vcpus == 8);
  CHECK(db.instance.networks == std::vector<NicSpec>{{"lan", "10.0.0.11", "52:54:00:00:00:11"}});
  CHECK(db.instance.cloud_init.seed == CloudInit::Seed::eject);
  CHECK(db.instance.cloud_init.user_data == text("peer=${group.web[0].address} token=${var.joinToken}"));
  CHECK(db.lifecycle.ignore_changes == std::vector<std::string>{"memory", "vcpus"});
  CHECK(db.health.gates ==
        std::vector<Gate>{Gate{.kind = Gate::Kind::agent, .timeout = {}, .every = {}, .guest = {}, .kubeconfig = ""}});
}

TEST_CASE("moves, removals, the promise and watch are read") {
  const Config config = everything();
  CHECK(config.moved == std::vector<Moved>{{"group.www", "group.web"}});
  CHECK(config.removed == std::vector<Removed>{{"group.old", Removed::Then::destroy}});
  CHECK(config.survive == Survive{1, "host", Survive::OnViolation::refuse});
  CHECK(config.watch.check_in->advertise == "https://vscale.example.lan:9189");
  CHECK(config.watch.notify[0].events.size() == 5);
}

TEST_CASE("places tell where a value was written, or what is nearest around it") {
  const std::string yaml = with_template("      disk: 20GiB\n");
  const ReadConfig found = read(yaml);
  CHECK(place_of(found, "groups.web.template.disk") == SourceSpan{"vscale.yaml", 17, 13, 5});
  CHECK(place_of(found, "groups.web.template.cpu") == SourceSpan{"vscale.yaml", 13, 5, 8});
  CHECK(place_of(found, "groups.web") == SourceSpan{"vscale.yaml", 12, 3, 3});
  CHECK(place_of(found, "groups.api") == SourceSpan{"vscale.yaml", 11, 1, 6});
  CHECK(place_of(found, "nothing").line == 0);
  const Diagnostic later = diagnostic_at(input_of(yaml), found, "groups.web.template.disk", "full", "no room", "", "");
  CHECK(render_diagnostic(later) ==
        "error: no room\n   --> vscale.yaml:17:13\n    |\n 17 |       disk: 20GiB\n    |             ^^^^^\n");
}

TEST_CASE("what is found out later about a URL does not show its password, either") {
  std::string yaml = base();
  yaml.replace(yaml.find("qemu:///system"), 14, "qemu+tcp://a:pass@h/system");
  const Diagnostic later = diagnostic_at(input_of(yaml), read(yaml), "hosts.kvm1.uri", "gone",
                                         "no answer from qemu+tcp://a:pass@h/system", "", "");
  CHECK(later.snippet == "  kvm1: { uri: \"qemu+tcp://a:****@h/system\", labels: { rack: a } }");
  CHECK(later.summary == "no answer from qemu+tcp://a:****@h/system");
}

TEST_CASE("defaults lie under every host, template, group and machine, and what is given there wins") {
  const Config config = config_of(R"(version: 1
name: prod
defaults:
  hosts: { labels: { zone: north }, overcommit: { vcpus: 2 } }
  template:
    image: debian-12
    vcpus: 1
    memory: 1GiB
    cloudInit: { userData: common, user: debian }
  groups:
    shutdown: { grace: 10s }
    template: { vcpus: 2 }
hosts:
  kvm1: { uri: "qemu:///system", overcommit: { vcpus: 8 } }
  kvm2: { uri: "qemu+ssh://kvm2/system", labels: { zone: south } }
images: { debian-12: { source: /srv/debian-12.qcow2 } }
storage: { local: { pool: default } }
groups:
  web: { template: { memory: 2GiB } }
  api: { shutdown: { grace: 20s } }
machines:
  db: { memory: 4GiB, cloudInit: { userDataFile: db.yaml } }
)",
                                  {.files = {{"/config/db.yaml", "own"}}});
  CHECK(config.hosts[0].overcommit_vcpus == 8);
  CHECK(config.hosts[0].labels == std::map<std::string, std::string>{{"zone", "north"}});
  CHECK(config.hosts[1].overcommit_vcpus == 2);
  CHECK(config.hosts[1].labels == std::map<std::string, std::string>{{"zone", "south"}});
  CHECK(config.groups[0].instance.memory_bytes == 2 * kGiB);
  CHECK(config.groups[0].instance.vcpus == 2);
  CHECK(config.groups[0].shutdown_grace == seconds(10));
  CHECK(config.groups[1].instance.memory_bytes == kGiB);
  CHECK(config.groups[1].shutdown_grace == seconds(20));
  CHECK(config.groups[2].instance.vcpus == 2);
  CHECK(config.groups[2].shutdown_grace == seconds(10));
  // userDataFile and the default's userData exclude each other: the own one wins.
  CHECK(config.groups[2].instance.cloud_init.user_data == text("own"));
  CHECK(config.groups[2].instance.cloud_init.user == "debian");
  CHECK(config.groups[0].instance.cloud_init.user_data == text("common"));
}

TEST_CASE("a path may begin with the home folder of whoever runs vscale") {
  const std::string yaml = with_template(
      "      cloudInit: { userDataFile: ~/web/user-data.sh, sshKeys: [~/.ssh/id_ed25519.pub] }\n"
      "state: { sqlite: { path: ~/prod.db } }\n");
  const Config config = config_of(yaml, {.environment = {{"HOME", "/home/anna"}},
                                         .files = {{"/home/anna/web/user-data.sh", "#!/bin/sh\n"},
                                                   {"/home/anna/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA anna\n"}}});
  CHECK(config.groups[0].instance.cloud_init.user_data == text("#!/bin/sh\n"));
  CHECK(config.groups[0].instance.cloud_init.ssh_keys == std::vector<std::string>{"ssh-ed25519 AAAA anna"});
  CHECK(config.state.path == "/home/anna/prod.db");
}

TEST_CASE("several files are merged, and each finds its own neighbours") {
  ReadInput input = input_of(base(), {.files = {{"/elsewhere/web/user-data.sh", "#!/bin/sh\n"},
                                                {"/elsewhere/web/anna.pub", "ssh-ed25519 AAAA anna\n\n# no\n"}}});
  input.files.push_back({"/elsewhere/web/web.yaml", R"(version: 1
name: prod
hosts: { kvm1: { labels: { zone: north } } }
images: { own: { source: own.qcow2 } }
groups:
  web:
    template:
      image: own
      vcpus: 1
      memory: 1GiB
      cloudInit: { userDataFile: user-data.sh, sshKeys: [anna.pub] }
)"});
  const ReadConfig found = read_config(input);
  INFO(render_diagnostics(found.diagnostics));
  REQUIRE(found.config.has_value());
  CHECK(found.config->hosts[0].labels == std::map<std::string, std::string>{{"rack", "a"}, {"zone", "north"}});
  CHECK(found.config->images[0].source.path == "/config/debian-12.qcow2");
  CHECK(found.config->images[1].source.path == "/elsewhere/web/own.qcow2");
  CHECK(found.config->groups[0].instance.cloud_init.user_data == text("#!/bin/sh\n"));
  CHECK(found.config->groups[0].instance.cloud_init.user_data_file == "user-data.sh");
  CHECK(found.config->groups[0].instance.cloud_init.ssh_keys == std::vector<std::string>{"ssh-ed25519 AAAA anna"});
  CHECK(found.config->state.path == "/config/vscale.db");
  CHECK(found.config->metrics.path == "/config/vscale-metrics.db");
  CHECK(found.files_read.size() == 2);
  CHECK(place_of(found, "groups.web.template.image").file == "/elsewhere/web/web.yaml");
}

TEST_CASE("a variable comes from --var, else a file, else the environment, else its default") {
  const std::string yaml = base() +
                           "vars: { a: { default: 1 }, b: { default: 1 }, c: { default: 1 }, d: { default: "
                           "\"${var.a}-x\" } }\n";
  const ReadConfig found = read(yaml, {.environment = {{"VSCALE_VAR_a", "env"}, {"VSCALE_VAR_b", "env"}},
                                       .assignments = {"a=var"},
                                       .var_files = {{"vars.yaml", "a: file\nb: file\n"}}});
  CHECK(found.variables.vars.at("a").value == "var");
  CHECK(found.variables.vars.at("b").value == "file");
  CHECK(found.variables.vars.at("c").value == "1");
  CHECK(found.variables.vars.at("d").value == "var-x");
}

TEST_CASE("a variable can stand for a number, a size or a name") {
  const Group web = config_of(with_template("      disk: \"${var.disk}\"\n") +
                              "    size: ${var.size}\nvars: { disk: { default: 20GiB }, size: { default: 2 } }\n")
                        .groups[0];
  CHECK(web.size == 2);
  CHECK(web.instance.disk_bytes == 20 * kGiB);
}

TEST_CASE("what is made from a secret is a secret") {
  const ReadConfig found = read(base() +
                                    "vars: { token: { sensitive: true }, url: { default: \"x?${var.token}\" }, "
                                    "home: { default: \"${env.HOME}\" }, plain: { default: y } }\n",
                                {.environment = {{"VSCALE_VAR_token", "hunter2"}, {"HOME", "/root"}}});
  CHECK(found.variables.vars.at("url") == Variables::Variable{"x?hunter2", true});
  CHECK(found.variables.vars.at("home") == Variables::Variable{"/root", true});
  CHECK(found.variables.vars.at("plain") == Variables::Variable{"y", false});
  CHECK(found.variables.environment == std::map<std::string, std::optional<std::string>>{{"HOME", "/root"}});
}

TEST_CASE("a value that is filled in is never filled in twice") {
  const auto user_data = [](const std::string& written, const std::string& value) {
    return config_of(with_template("      cloudInit: { userData: '" + written + "' }\n") + "vars: { x: {} }\n",
                     {.assignments = {"x=" + value}})
        .groups[0]
        .instance.cloud_init.user_data->text;
  };
  CHECK(user_data("a ${var.x} b", "${name}") == "a $${name} b");
  CHECK(user_data("${var.x}{name}", "$") == "$${name}");
  CHECK(user_data("$${var.x}", "y") == "$${var.x}");
  CHECK(user_data("$$${var.x} $", "y") == "$$${var.x} $");
  CHECK(codes_of(with_template("      cloudInit: { userData: '${var.x}${name}' }\n") +
                 "vars: { x: { default: $ } }\n") == std::vector<std::string>{"ambiguous_escape"});
}

TEST_CASE("an escaped placeholder in a plain text is the text itself") {
  const Config config = config_of(with_template("      xml: [{ at: '/x', set: '$${a}' }]\n"));
  CHECK(config.groups[0].instance.xml[0].value == "${a}");
}

TEST_CASE("substitute: false leaves user-data alone") {
  const CloudInit init =
      config_of(with_template("      cloudInit: { substitute: false, userData: 'echo ${HOME} $${x}' }\n"))
          .groups[0]
          .instance.cloud_init;
  CHECK(init.user_data == text("echo ${HOME} $${x}"));
  CHECK_FALSE(init.substitute);
}

TEST_CASE("an image without an agent is ready when its domain runs, and so is a group that wants no gates") {
  std::string no_agent = with_group("");
  no_agent.replace(no_agent.find("debian-12.qcow2"), 15, "debian-12.qcow2, agent: none");
  CHECK(config_of(no_agent).groups[0].health.gates.at(0).kind == Gate::Kind::domain);
  CHECK(config_of(with_group("    health: { gates: [] }\n")).groups[0].health.gates.at(0).kind == Gate::Kind::domain);
  CHECK(config_of(with_group("")).groups[0].health.gates.at(0).kind == Gate::Kind::agent);
}

TEST_CASE("the only storage and network are the default, and storage may also be called default") {
  const Group web = config_of(with_group("")).groups[0];
  CHECK(web.instance.storage == "local");
  CHECK(web.instance.networks == std::vector<NicSpec>{{"lan", {}, {}}});
  std::string two = with_template("      networks: []\n");
  two.replace(two.find("  local: { pool: default }"), 26, "  fast: { pool: nvme }\n  default: { pool: default }");
  CHECK(config_of(two).groups[0].instance.storage == "default");
  CHECK(config_of(two).groups[0].instance.networks.empty());
}

TEST_CASE("a group with several networks to choose from has to say which") {
  std::string two = with_group("");
  two.replace(two.find("  lan:"), 6, "  wan: { bridge: br1 }\n  lan:");
  CHECK(codes_of(two) == std::vector<std::string>{"missing_key"});
}

TEST_CASE("names of groups in dependsOn and antiAffinity become addresses") {
  const Config config =
      config_of(with_group("    dependsOn: [db, group.api]\n    placement: { antiAffinity: [{ with: db }] }\n") +
                "  api: { template: { image: debian-12, vcpus: 1, memory: 1GiB } }\n"
                "machines:\n  db: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
  CHECK(config.groups[0].depends_on == std::vector<std::string>{"machine.db", "group.api"});
  CHECK(config.groups[0].placement.anti_affinity[0].with == "machine.db");
}

TEST_CASE("uefi and a baseline CPU are left at their defaults as long as they do nothing") {
  const Template made = config_of(with_template("      firmware: uefi\n      cpu: baseline\n")).groups[0].instance;
  CHECK(made.firmware == Firmware::bios);
  CHECK(made.cpu == "host-model");
}

TEST_CASE("without gates the agent is waited for only where there will be one") {
  const auto gate_of = [](const std::string& yaml) { return config_of(yaml).groups[0].health.gates[0].kind; };
  const std::string own_seed = with_template("      cloudInit: { vendorData: false }\n");
  std::string present = own_seed;
  present.replace(present.find("debian-12.qcow2"), 15, "debian-12.qcow2, agent: present");
  CHECK(gate_of(with_group("")) == Gate::Kind::agent);
  CHECK(gate_of(own_seed) == Gate::Kind::domain);
  CHECK(gate_of(present) == Gate::Kind::agent);
}

TEST_CASE("saying what holds anyway is no warning") {
  CHECK(codes_of(with_template("      firmware: bios\n      networkMbps: 0\n      xml: []\n") +
                 "    stateful: false\n    hooks: { afterReady: [] }\n    ha: false\n")
            .empty());
}

TEST_CASE("a byte order mark and Windows line ends do not matter") {
  std::string yaml = "\xEF\xBB\xBF";
  for (const char c : with_group("    size: 2\n")) yaml += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(config_of(yaml).groups[0].size == 2);
  CHECK(place_of(read(yaml), "groups.web.size") == SourceSpan{"vscale.yaml", 14, 11, 1});
}

TEST_CASE("time to read grows with the size of the file and not with its square") {
  std::string yaml = base() + "machines:\n";
  yaml.replace(yaml.find("10.0.0.50-10.0.0.99]"), 20, "10.0.0.50-10.0.255.250], prefix: 16");
  constexpr int kMachines = 5000;
  for (int i = 0; i < kMachines; ++i) {
    yaml += "  m-" + std::to_string(i) + ": { image: debian-12, vcpus: 2, memory: 2GiB, disk: 20GiB }\n";
  }
  const auto before = std::chrono::steady_clock::now();
  CHECK(config_of(yaml).groups.size() == kMachines);
  // Takes about half a second; far more than that would be a loop within a loop.
  CHECK(std::chrono::steady_clock::now() - before < seconds(20));
}

}  // namespace vscale::test
