#include "providers/libvirt/host/kvm_trial.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "engine/live/emulation.h"
#include "providers/libvirt/host/host_facts.h"

namespace vscale::test {
namespace {

using namespace vscale::libvirt;

const std::vector<Duration> kBounds{std::chrono::seconds{5}, std::chrono::seconds{30}};

/// Trials that answer one after the other, and how long each was given.
struct Trials {
  std::vector<Result<std::optional<bool>>> answers;
  std::vector<Duration> given;

  KvmTrial each() {
    return [this](Duration bound) {
      given.push_back(bound);
      return answers.at(given.size() - 1);
    };
  }
};

}  // namespace

TEST_CASE("a guest that is still up at the end of its time does not speak against KVM: it is tried once more, longer") {
  Trials trials{.answers = {std::optional<bool>{}, std::optional<bool>{true}}, .given = {}};

  const Result<bool> works = decide_kvm(trials.each(), kBounds);

  CHECK(works.value());
  CHECK(trials.given == kBounds);
}

TEST_CASE("a guest that fails, or powers off, decides at once") {
  const bool outcome = GENERATE(true, false);
  Trials trials{.answers = {std::optional<bool>{outcome}}, .given = {}};

  const Result<bool> works = decide_kvm(trials.each(), kBounds);

  CHECK(works.value() == outcome);
  CHECK(trials.given.size() == 1);
}

TEST_CASE("guests that never end are not waited for without end: KVM does not work") {
  Trials trials{.answers = {std::optional<bool>{}, std::optional<bool>{}}, .given = {}};

  CHECK_FALSE(decide_kvm(trials.each(), kBounds).value());
}

TEST_CASE("a trial that could not be made decides nothing") {
  Trials trials{.answers = {std::optional<bool>{}, Error{ErrorKind::unreachable, "gone", "", ""}}, .given = {}};

  CHECK(decide_kvm(trials.each(), kBounds).error().kind == ErrorKind::unreachable);
}

TEST_CASE("without a trial, guests tell whether KVM works, and where there are none libvirt is believed") {
  HostFacts facts;
  facts.virt_types = {"kvm", "qemu"};

  CHECK(kvm_works(facts, {}, {}));
  CHECK_FALSE(kvm_works(facts, {}, {.ours_are_emulated = true}));
  CHECK(kvm_works(facts, {}, {.a_guest_runs_by_it = true, .ours_are_emulated = true}));
  CHECK_FALSE(kvm_works(facts, false, {.a_guest_runs_by_it = true}));
  CHECK(kvm_works(facts, true, {.ours_are_emulated = true}));
}

TEST_CASE("a host that offers no KVM does not fail at it") {
  HostFacts facts;
  facts.virt_types = {"qemu"};

  CHECK_FALSE(kvm_works(facts, true, {}));
  CHECK(traits_of(facts, false).count(kKvmFailsTrait) == 0);
}

TEST_CASE("a host whose guests die under KVM says so by a trait") {
  HostFacts facts;
  facts.virt_types = {"kvm", "qemu"};

  CHECK(traits_of(facts, false).count(kKvmFailsTrait) == 1);
  CHECK(traits_of(facts, false).count("kvm") == 0);
  CHECK(traits_of(facts, true).count(kKvmFailsTrait) == 0);
}

TEST_CASE("hosts on one shared pool try KVM with a disk each") {
  CHECK(kvm_trial_name("8d1f2a00-0000-4000-8000-000000000001", "kvm1") == "vscale-kvm-trial-8d1f2a00-kvm1");
  CHECK(kvm_trial_name("8d1f2a00-0000-4000-8000-000000000001", "kvm2") == "vscale-kvm-trial-8d1f2a00-kvm2");
}

TEST_CASE("a trial that is going on is no domain of anybody's") {
  CHECK(is_kvm_trial(kvm_trial_name("8d1f2a00-0000-4000-8000-000000000001", "kvm1")));
  CHECK_FALSE(is_kvm_trial("demo-vscale-kvm-trial-0"));
}

}  // namespace vscale::test
