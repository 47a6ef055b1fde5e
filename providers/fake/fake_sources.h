#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/commands.h"
#include "engine/ports/hook_texts.h"
#include "engine/ports/image_library.h"
#include "engine/ports/seed_source.h"

/// Where the fake cluster's images and seeds come from.

namespace vscale {

/// Every image is there, of 2 GiB, and its digest is of its name and of what publish() last said. Like the real one it
/// holds on to the digest it is given, until a newer one is asked for.
class FakeImageLibrary final : public ImageLibrary {
 public:
  explicit FakeImageLibrary(Clock& clock) : clock_(clock) {}
  /// From now on the source of `image` has other bytes.
  void publish(const std::string& image, const std::string& bytes) { bytes_[image] = bytes; }

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override;
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override;

 private:
  Clock& clock_;
  std::map<std::string, std::string> bytes_;
};

/// A seed that says who the guest is and which card has which address, and nothing else.
class FakeSeedSource final : public SeedSource {
 public:
  Result<SeedFiles> seed_for(const SeedRequest& request) override;
};

/// Commands that succeed and say nothing, unless `answer` says otherwise; they are remembered in the order of their
/// beginning. For one thread.
class FakeCommands final : public Commands {
 public:
  Result<CommandExit> run(const Command& command, const std::function<bool()>& stopped) override;

  std::vector<Command> ran;
  std::function<Result<CommandExit>(const Command&)> answer;
};

/// Knows facts of instances, and no variables.
class FakeHookTexts final : public HookTexts {
 public:
  Result<std::string> fill_in(const TemplateText& text, const InstanceFacts& facts,
                              const KnownAddresses& known_addresses) override;
  std::string without_secrets(std::string text) override { return text; }
};

}  // namespace vscale
