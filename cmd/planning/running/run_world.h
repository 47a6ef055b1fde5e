#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cmd/outside.h"
#include "engine/ports/image_library.h"
#include "schemas/seed/hook_renderer.h"
#include "schemas/seed/seed_renderer.h"

/// What the actions of a run are performed against.

namespace vscale {

/// The image library for several uploads at once: one call after another.
class OneCallAtATime final : public ImageLibrary {
 public:
  explicit OneCallAtATime(std::shared_ptr<ImageLibrary> library) : library_(std::move(library)) {}

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    const std::lock_guard guard(mutex_);
    return library_->resolve(image, known, take_newer, progress);
  }
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    const std::lock_guard guard(mutex_);
    return library_->local_file(image, lock, progress);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<ImageLibrary> library_;
};

/// Keeps everything alive that actions use, also those that are left behind at the end.
struct RunWorld {
  HostPorts hosts;
  std::shared_ptr<NetworkProbe> probe;
  OneCallAtATime images;
  SeedRenderer seeds;
  std::shared_ptr<Commands> commands;
  HookRenderer hook_texts;
  std::shared_ptr<Clock> clock;

  WorldPorts ports() {
    return {.domains = *hosts.domains,
            .volumes = *hosts.volumes,
            .guests = *hosts.guests,
            .probe = *probe,
            .images = images,
            .seeds = seeds,
            .commands = *commands,
            .hook_texts = hook_texts,
            .clock = *clock};
  }
};

inline std::shared_ptr<RunWorld> run_world(Outside& outside, const HostPorts& hosts, const Config& config,
                                           const Variables& variables) {
  return std::shared_ptr<RunWorld>(new RunWorld{.hosts = hosts,
                                                .probe = outside.network_probe(),
                                                .images = OneCallAtATime(outside.image_library()),
                                                .seeds = SeedRenderer(config, variables),
                                                .commands = outside.commands(),
                                                .hook_texts = HookRenderer(variables),
                                                .clock = outside.clock});
}

}  // namespace vscale
