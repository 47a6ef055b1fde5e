#include "schemas/language/not_yet.h"

namespace vscale {
namespace {

// Whoever gives one of these its meaning deletes the row.
constexpr NotYet kNotYet[] = {
    {"config.metrics", "", "nothing is measured"},
    {"config.survive", "", "no promise is checked"},
    {"config.watch", "", "there is no `vscale watch` yet; run `vscale apply` from cron"},
    {"backup.every", "", "a backup is made before every apply"},
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
    {"group.scaling", "", "the size stays as it is"},
    {"group.stateful", "true", "instances are replaced like any other"},
    {"update.maxSurge", "", "an instance goes before the one that replaces it comes", true, "0"},
    {"update.maxUnavailable", "", "one instance at a time goes and is replaced; with strategy: recreate all of them",
     true, "1"},
    {"update.perHost", "", "one instance of the group at a time is replaced; with strategy: recreate all of them"},
    {"update.minReady", "", "the next one's turn comes when the gates have passed"},
    {"update.progressDeadline", "", "health.startupTimeout bounds each instance", true},
    {"update.steps", "", "there are no stops on the way"},
    {"update.onFailure", "", "the rollout stops, and the next apply goes on"},
    {"update.maxFailures", "", "the first failure stops the rollout"},
    {"group.hooks", "", "no command is run"},
    {"group.members", "", "no file is written"},
    {"group.external", "", "no address is moved"},
    {"group.ha", "", "instances of a lost host are left alone"},
    {"health.heal", "", "instances that fail are shown, and left alone"},
    {"health.failures", "", "instances that fail are shown, and left alone"},
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
