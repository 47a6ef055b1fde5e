#include "providers/fake/fake_sources.h"

#include <fmt/format.h>

#include "engine/values/digest.h"

namespace vscale {
namespace {

constexpr std::uint64_t kImageBytes = 400 * kMiB;
constexpr std::uint64_t kImageVirtualBytes = 2 * kGiB;

}  // namespace

Result<ImageLock> FakeImageLibrary::resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                                            const std::function<void(std::uint64_t, std::uint64_t)>& /*progress*/) {
  if (known && !take_newer) return *known;
  const auto published = bytes_.find(image.name);
  const std::string bytes = published == bytes_.end() ? image.name : published->second;
  return ImageLock{.image = image.name,
                   .source = image.source.url.empty() ? image.source.path : image.source.url,
                   .digest = "sha256:" + sha256_hex(bytes),
                   .format = "qcow2",
                   .size_bytes = kImageBytes,
                   .virtual_size_bytes = kImageVirtualBytes,
                   .modified_ns = 0,
                   .at = clock_.now(),
                   .checksum = image.checksum};
}

Result<std::string> FakeImageLibrary::local_file(const Image& image, const ImageLock& lock,
                                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  if (progress) progress(lock.size_bytes, lock.size_bytes);
  return "/var/cache/vscale/" + image.name + ".qcow2";
}

Result<SeedFiles> FakeSeedSource::seed_for(const SeedRequest& request) {
  SeedFiles files;
  files.meta_data = fmt::format("instance-id: {}\nlocal-hostname: {}\n", request.instance_id, request.name);
  files.user_data = "#cloud-config\n";
  for (const auto& nic : request.nics) {
    if (nic.address) files.network_config += fmt::format("{} {}/24\n", nic.mac, *nic.address);
  }
  return files;
}

Result<CommandExit> FakeCommands::run(const Command& command, const std::function<bool()>& /*stopped*/) {
  ran.push_back(command);
  return answer ? answer(command) : CommandExit{};
}

Result<std::string> FakeHookTexts::fill_in(const TemplateText& text, const InstanceFacts& facts,
                                           const KnownAddresses& /*known_addresses*/) {
  return expand_instance_facts(text.text, facts);
}

}  // namespace vscale
