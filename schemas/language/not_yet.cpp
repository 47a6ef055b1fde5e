#include "schemas/language/not_yet.h"

namespace vscale {
namespace {

// Whoever gives one of these its meaning deletes the row.
constexpr NotYet kNotYet[] = {
    {"config.survive", "", "no promise is checked"},
    {"metrics.influxdb", "", "samples are not written on to it; policies can ask it"},
    {"watch.hostDeadAfter", "", "instances of a silent host are left alone"},
    {"watch.witness", "", "instances of a silent host are left alone"},
    {"watch.checkIn", "", "nobody can call back"},
    {"watch.notify", "", "nobody is told; `vscale events` tells"},
    {"policy.kind", "pendingPods", "the policy has no say"},
    {"policy.kind", "predictive", "the policy has no say"},
    {"host.migrationAddress", "", "nothing is migrated"},
    {"host.fence", "", "instances of a lost host are left alone"},
    {"capacity.networkMbps", "", "network bandwidth is not counted"},
    {"image.distribution", "shared", "each pool that needs the image gets a copy; a shared pool gets one"},
    {"volume.volume", "", "plan refuses the image; save the volume to a file, and name that"},
    {"cloudInit.seed", "eject", "the seed stays with its instance"},
    {"template.firmware", "uefi", "instances start by BIOS"},
    {"template.cpu", "baseline", "instances get host-model"},
    {"template.xml", "", "the domain's XML is not patched"},
    {"template.networkMbps", "", "network bandwidth is not counted"},
    {"group.stateful", "true", "instances are replaced in place, and lose disks without keep; healing only restarts them"},
    {"hooks.afterBoot", "", "it is not run; the other hooks are"},
    {"group.members", "", "no file is written"},
    {"group.external", "", "no address is moved"},
    {"group.ha", "", "instances of a lost host are left alone"},
    {"gate.checkIn", "", "the gate is not waited for"},
    {"gate.k8sNode", "", "the gate is not waited for"},
};

}  // namespace

std::span<const NotYet> all_not_yet() {
  return kNotYet;
}

const NotYet* find_not_yet(std::string_view id, std::string_view value) {
  for (const NotYet& row : kNotYet) {
    if (row.key == id && (row.value.empty() || row.value == value)) return &row;
  }
  return nullptr;
}

}  // namespace vscale
