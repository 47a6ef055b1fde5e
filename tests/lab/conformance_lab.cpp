#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "tests/providers/conformance/provider_conformance.h"

/// Real QEMU against the promises of the ports, and a real network against the bounds. conformance_test.sh makes the
/// host and says by the environment where it is:
///   VSCALE_LAB                  the lab script, whose kvm1 is used
///   VSCALE_LAB_URI              how to reach it
///   VSCALE_LAB_FOREIGN_DOMAIN   a domain on it that is not ours
///   VSCALE_LAB_IMAGE            a guest, see guest-image.sh
///   VSCALE_LAB_IMAGE_SIZE       its virtual size in bytes
///   VSCALE_LAB_ADDRESS          an address for the guest
///   VSCALE_LAB_SMALL_DIRECTORY  a directory on it with room for the guest and little more

extern char** environ;

using namespace vscale;
using namespace vscale::test;

namespace {

using SteadyClock = std::chrono::steady_clock;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) FAIL(std::string(name) + " is not set; run tests/lab/conformance_test.sh");
  return value;
}

/// Its standard output goes to a file, if one is named.
void lab(std::vector<std::string> arguments, const std::string& output = {}) {
  arguments.insert(arguments.begin(), from_environment("VSCALE_LAB"));
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  REQUIRE(posix_spawn_file_actions_init(&files) == 0);
  if (!output.empty()) {
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  pid_t child = 0;
  const int spawned = posix_spawn(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  REQUIRE(spawned == 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

constexpr std::size_t kSha256_digits = 64;

/// What a command says on kvm1.
std::string answer_on_host(const std::string& command) {
  const std::string file = std::filesystem::temp_directory_path() / ("vscale-lab-answer." + std::to_string(getpid()));
  lab({"exec", "kvm1", "sh", "-c", command}, file);
  std::ifstream answer(file);
  std::string text((std::istreambuf_iterator<char>(answer)), std::istreambuf_iterator<char>());
  std::filesystem::remove(file);
  return text;
}

/// Undoes by a command of the lab what the test did to it, however the test ends.
class Afterwards {
 public:
  explicit Afterwards(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
  ~Afterwards() { now(); }
  Afterwards(const Afterwards&) = delete;
  Afterwards& operator=(const Afterwards&) = delete;
  void now() {
    if (!arguments_.empty()) lab(std::exchange(arguments_, {}));
  }

 private:
  std::vector<std::string> arguments_;
};

/// Notices within 4 s that a cable was pulled.
LibvirtOptions attentive() {
  LibvirtOptions options;
  options.open_timeout = Duration{3'000};
  options.refresh_timeout = Duration{10'000};
  options.keepalive_interval = Duration{1'000};
  options.keepalive_count = 2;
  return options;
}

std::string kill_libvirtd(const std::string& signal) {
  return "kill -" + signal + " $(pidof libvirtd)";
}

}  // namespace

TEST_CASE("real QEMU keeps the promises of the ports") {
  SystemClock clock;
  LibvirtHosts hosts({{"kvm1", from_environment("VSCALE_LAB_URI")}}, LibvirtOptions{}, clock,
                     [&clock] { clock.interrupt(); });
  const std::string directory = "/var/lib/libvirt/vscale";
  const std::string small = from_environment("VSCALE_LAB_SMALL_DIRECTORY");
  const auto on_host = [](const std::string& command) { lab({"exec", "kvm1", "sh", "-c", command}); };
  const std::string bare = "/var/lib/libvirt/bare";
  const ByHand by_hand{
      .stop_pool = [&] { on_host("virsh -q pool-destroy vscale > /dev/null"); },
      .hide_directory = [&] { on_host("mv " + directory + " " + directory + ".hidden"); },
      .show_directory = [&] { on_host("mv " + directory + ".hidden " + directory); },
      .put_file =
          [&](const std::string& name) { on_host("head -c 1M /dev/urandom > " + directory + "/" + name + "; sync"); },
      .undefine = [&](const std::string& domain) { on_host("virsh -q undefine " + domain + " > /dev/null"); },
      .cut_short = [&](const std::string& name) { on_host("truncate -s -1 " + directory + "/" + name); },
      .fill_small_pool =
          [&](std::uint64_t left_bytes) {
            on_host("cat /dev/zero 2> /dev/null > " + small + "/filler; truncate -s -" + std::to_string(left_bytes) +
                    " " + small + "/filler");
          },
      .empty_small_pool = [&] { on_host("rm " + small + "/filler"); },
      .define_bare_pool =
          [&] {
            on_host("{ virsh -q pool-destroy bare; virsh -q pool-undefine bare; rm -rf " + bare + "; } 2> /dev/null; " +
                    "virsh -q pool-define-as bare dir --target " + bare + " > /dev/null");
          },
      .starts_with_host =
          [&](const std::string& pool) {
            return answer_on_host("virsh pool-info " + pool).find("Autostart:      yes") != std::string::npos;
          },
      .digest_of =
          [&](const std::string& volume) {
            return answer_on_host("sha256sum < " + directory + "/" + volume).substr(0, kSha256_digits);
          },
      .start_and_stop =
          [&](const std::string& domain) {
            on_host("virsh -q start " + domain + " > /dev/null && virsh -q destroy " + domain + " > /dev/null");
          },
      .fall_silent = [&] { on_host(kill_libvirtd("STOP")); },
      .answer_again = [&] { on_host(kill_libvirtd("CONT")); },
      .restart_service = [&] { on_host(kill_libvirtd("TERM")); },  // it is started again when it ends
      .forget_memory =
          [&](const std::string& domain) { on_host("virsh -q dommemstat " + domain + " --period 0 --config"); },
      .is_to_tell_memory =
          [&](const std::string& domain) {
            return answer_on_host("virsh dumpxml --inactive " + domain).find("<stats period='10'/>") !=
                   std::string::npos;
          }};
  ProviderUnderTest provider{.domains = hosts,
                             .volumes = hosts,
                             .guests = hosts,
                             .events = hosts,
                             .clock = clock,
                             .host = "kvm1",
                             .foreign_domain = from_environment("VSCALE_LAB_FOREIGN_DOMAIN"),
                             .pool = "vscale",
                             .pool_path = directory,
                             .run = "t",
                             .by_hand = by_hand,
                             .small_pool = "small",
                             .small_pool_path = small,
                             .bare_pool = "bare",
                             .bare_pool_path = bare,
                             .image_path = from_environment("VSCALE_LAB_IMAGE"),
                             .image_virtual_size_bytes = std::stoull(from_environment("VSCALE_LAB_IMAGE_SIZE")),
                             .guest_address = from_environment("VSCALE_LAB_ADDRESS"),
                             .word_arrives = Duration{2'000}};
  run_provider_conformance(provider);
}

TEST_CASE("a libvirtd that falls silent is left behind at the deadline, and nobody waits for it twice") {
  SystemClock clock;
  LibvirtOptions options;
  options.refresh_timeout = Duration{2'000};
  options.call_timeout = Duration{2'000};
  LibvirtHosts hosts({{"kvm1", from_environment("VSCALE_LAB_URI")}}, options, clock);
  REQUIRE(hosts.observe({{"kvm1", {}}}).at("kvm1").ok());

  lab({"exec", "kvm1", "sh", "-c", kill_libvirtd("STOP")});
  Afterwards go_on({"exec", "kvm1", "sh", "-c", kill_libvirtd("CONT")});
  const auto started = SteadyClock::now();
  const auto first = hosts.observe({{"kvm1", {}}}).at("kvm1");
  const auto first_took = SteadyClock::now() - started;
  const auto second = hosts.observe({{"kvm1", {}}}).at("kvm1");
  const auto second_took = SteadyClock::now() - started - first_took;

  REQUIRE_FALSE(first.ok());
  CHECK(first.error().kind == ErrorKind::unreachable);
  CHECK(first_took < std::chrono::seconds(5));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::unreachable);
  CHECK(second_took < std::chrono::milliseconds(500));

  // The same program goes on when what hung has come back, and a later run starts afresh.
  go_on.now();
  const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
  Result<HostSnapshot> again = second;
  while (!again.ok() && SteadyClock::now() < deadline) again = hosts.observe({{"kvm1", {}}}).at("kvm1");
  INFO((again ? "" : to_string(again.error())));
  CHECK(again.ok());
  LibvirtHosts later({{"kvm1", from_environment("VSCALE_LAB_URI")}}, LibvirtOptions{}, clock);
  CHECK(later.observe({{"kvm1", {}}}).at("kvm1").ok());
}

TEST_CASE("a host that is cut off in the middle of an upload is given up, and goes on when it is back") {
  constexpr std::size_t kFileMib = 512;
  const auto file = std::filesystem::temp_directory_path() / ("vscale-upload-" + std::to_string(getpid()));
  std::ofstream out(file, std::ios::binary);
  for (std::size_t i = 0; i < kFileMib; ++i) out << std::string(kMiB, 'x');
  out.close();
  SystemClock clock;
  LibvirtHosts hosts({{"kvm1", from_environment("VSCALE_LAB_TCP_URI")}}, attentive(), clock);
  REQUIRE(hosts.ensure_pool("kvm1", "vscale", "/var/lib/libvirt/vscale").ok());
  const VolumeRef volume{"kvm1", "vscale", "cut-off.raw"};
  const FileUpload upload{
      .volume = volume, .format = "raw", .virtual_size_bytes = kFileMib * kMiB, .path = file, .replace_existing = true};
  Afterwards heal({"heal", "kvm1"});
  bool cut = false;
  SteadyClock::time_point cut_at;

  const Result<void> broken = hosts.upload_file(upload, [&](std::uint64_t done, std::uint64_t total) {
    if (cut || done == total) return;
    lab({"cut", "kvm1"});
    cut = true;
    cut_at = SteadyClock::now();
  });
  const auto noticed_after = SteadyClock::now() - cut_at;
  const auto seen = hosts.observe({{"kvm1", {}}}).at("kvm1");

  REQUIRE(cut);
  REQUIRE_FALSE(broken.ok());
  INFO(to_string(broken.error()));
  CHECK(broken.error().kind == ErrorKind::unreachable);
  CHECK(noticed_after < std::chrono::seconds(15));
  REQUIRE_FALSE(seen.ok());
  CHECK(seen.error().kind == ErrorKind::unreachable);

  heal.now();
  Result<void> again = broken;
  const auto deadline = SteadyClock::now() + std::chrono::seconds(30);
  while (!again.ok() && SteadyClock::now() < deadline) {
    again = hosts.upload_file(upload, {});
  }
  INFO((again ? "" : to_string(again.error())));
  CHECK(again.ok());
  CHECK(hosts.delete_volume(volume).ok());
  std::filesystem::remove(file);
}
