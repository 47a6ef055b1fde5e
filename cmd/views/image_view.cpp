#include "cmd/views/image_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cmd/views/text/names.h"
#include "cmd/views/text/text_layout.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kDigestShown = 12;
constexpr std::size_t kUsersListed = 6;

ImageStatus image_status(const std::string& image, const std::string& digest, const RecordedState& recorded) {
  ImageStatus status;
  status.image = image;
  status.digest = digest;
  for (const auto& copy : recorded.image_copies) {
    if (copy.image != image || copy.digest != digest) continue;
    status.size_bytes = copy.size_bytes;
    status.hosts.push_back(copy.host);
  }
  for (const auto& [address, instance] : recorded.instances) {
    if (!digest.empty() && instance.image_digest == digest) status.used_by.push_back(to_string(address));
  }
  return status;
}

std::string users_text(const std::vector<std::string>& addresses) {
  if (addresses.empty()) return "-";
  if (addresses.size() > kUsersListed) return fmt::format("{} instances", addresses.size());
  std::vector<std::string> names;
  for (const auto& address : addresses) names.push_back(shown_name(address));
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::string short_digest(const std::string& digest) {
  const auto colon = digest.find(':');
  return digest.substr(colon == std::string::npos ? 0 : colon + 1, kDigestShown);
}

std::vector<ImageStatus> images_of(const Config& config, const RecordedState& recorded) {
  std::vector<ImageStatus> images;
  for (const auto& image : config.images) {
    const auto lock = recorded.image_locks.find(image.name);
    const bool known = lock != recorded.image_locks.end();
    images.push_back(image_status(image.name, known ? lock->second.digest : "", recorded));
    images.back().current = true;
    if (known) images.back().size_bytes = lock->second.size_bytes;
    std::set<std::string> older;
    for (const auto& copy : recorded.image_copies) {
      if (copy.image == image.name && (!known || copy.digest != lock->second.digest)) older.insert(copy.digest);
    }
    for (const auto& digest : older) images.push_back(image_status(image.name, digest, recorded));
  }
  return images;
}

std::string image_update_text(const ImageUpdate& update) {
  const std::string before = update.before.empty() ? "nothing" : short_digest(update.before);
  const std::string after = short_digest(update.after);
  std::string text = fmt::format("image.{}: ", printable(update.image));
  text += update.before == update.after ? after + " is the newest" : before + " -> " + after;
  std::vector<std::string> rolls;
  for (const auto& roll : update.rolls) rolls.push_back(fmt::format("{} of {}", roll.instances, roll.group));
  if (!rolls.empty()) text += fmt::format("; the next apply replaces {}", fmt::join(rolls, ", "));
  return left_and_right(text, "", 2);
}

Json image_updates_json(const std::vector<ImageUpdate>& updates) {
  Json images = Json::array();
  for (const auto& update : updates) {
    images.push_back(Json{{"image", update.image}, {"before", update.before}, {"after", update.after}});
  }
  return {{"format_version", "1.0"}, {"images", std::move(images)}};
}

std::string image_list_text(const std::vector<ImageStatus>& images) {
  Table table(0);
  table.add({"IMAGE", "DIGEST", "SIZE", "HOSTS", "IN USE BY"});
  for (const auto& image : images) {
    const std::string digest = image.digest.empty() ? "not read yet" : short_digest(image.digest);
    const std::string hosts = fmt::format("{}", fmt::join(image.hosts, " "));
    table.add({printable(image.image), digest + (image.current ? "" : " old"),
               image.size_bytes == 0 ? "-" : show_bytes(image.size_bytes), hosts.empty() ? "-" : printable(hosts),
               users_text(image.used_by)});
  }
  return table.text();
}

Json image_list_json(const std::vector<ImageStatus>& images) {
  Json list = Json::array();
  for (const auto& image : images) {
    list.push_back(Json{{"image", image.image},
                        {"digest", image.digest},
                        {"current", image.current},
                        {"size_bytes", image.size_bytes},
                        {"hosts", image.hosts},
                        {"used_by", image.used_by}});
  }
  return {{"format_version", "1.0"}, {"images", std::move(list)}};
}

}  // namespace vscale
