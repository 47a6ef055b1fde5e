#include "cmd/planning/sources/images.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

namespace vscale {
namespace {

/// Draws the progress of one image on a terminal; elsewhere says nothing.
class ImageProgress {
 public:
  ImageProgress(const Invocation& invocation, std::string image) : invocation_(invocation), image_(std::move(image)) {
    draws_ = invocation.redraw && invocation.streams.err_is_terminal && invocation.verbosity != Verbosity::quiet;
  }
  ~ImageProgress() {
    if (drawn_) invocation_.streams.err << "\r\x1b[2K" << std::flush;
  }
  ImageProgress(const ImageProgress&) = delete;
  ImageProgress& operator=(const ImageProgress&) = delete;

  void operator()(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    const Instant now = invocation_.outside.clock->now();
    if (!draws_ || (drawn_ && now < *drawn_ + kInterval)) return;
    drawn_ = now;
    const std::string of = total_bytes > 0 ? " of " + show_bytes(total_bytes) : "";
    const std::string line = fmt::format("image {}: reading {}{}", image_, show_bytes(done_bytes), of);
    invocation_.streams.err << "\r\x1b[2K" << cut(printable(line), kTextWidth - 1) << std::flush;
  }

 private:
  static constexpr Duration kInterval{250};
  const Invocation& invocation_;
  std::string image_;
  bool draws_ = false;
  std::optional<Instant> drawn_;
};

std::optional<ImageLock> known_lock(const RecordedState& recorded, const std::string& image) {
  const auto lock = recorded.image_locks.find(image);
  return lock == recorded.image_locks.end() ? std::nullopt : std::optional(lock->second);
}

Result<ImageLock> resolve(const Invocation& invocation, ImageLibrary& library, const Image& image, Newer newer,
                          const std::optional<ImageLock>& known) {
  ImageProgress progress(invocation, image.name);
  auto lock = library.resolve(image, known, newer == Newer::take_newer, std::ref(progress));
  if (lock && lock->image.empty()) lock->image = image.name;
  return lock;
}

const Image& image_named(const Config& config, const std::string& name) {
  const Image* image = find_image(config, name);
  VSCALE_ASSERT(image != nullptr, "an image in use that the configuration does not have");
  return *image;
}

/// Is the lock of this very file, and of what the configuration demands of it?
bool is_of_file(const ImageLock& lock, const Image& image) {
  return image.source.url.empty() && !image.source.path.empty() && lock.source == image.source.path &&
         (image.checksum.empty() || image.checksum == lock.checksum || image.checksum == lock.digest);
}

bool sends(const Plan& plan, const std::string& image) {
  return std::any_of(plan.actions.begin(), plan.actions.end(), [&](const Action& action) {
    const auto* upload = std::get_if<UploadImage>(&action.detail);
    return upload != nullptr && upload->image.image == image;
  });
}

}  // namespace

std::vector<std::string> images_in_use(const Config& config) {
  std::vector<std::string> names;
  for (const auto& image : config.images) {
    const bool used = std::any_of(config.groups.begin(), config.groups.end(),
                                  [&](const Group& group) { return group.instance.image == image.name; });
    if (used) names.push_back(image.name);
  }
  return names;
}

namespace {

/// Does the lock say anything new, besides when it was taken?
bool is_news(const std::optional<ImageLock>& known, ImageLock lock) {
  if (known) lock.at = known->at;
  return known != lock;
}

}  // namespace

FoundImages find_images(const Invocation& invocation, const Config& config, const std::vector<std::string>& names,
                        Newer newer, const RecordedState& recorded) {
  FoundImages found;
  const auto library = invocation.outside.image_library();
  for (const auto& name : names) {
    const Image& image = image_named(config, name);
    const auto known = known_lock(recorded, name);
    const auto lock = resolve(invocation, *library, image, newer, known);
    if (lock) {
      if (is_news(known, *lock)) found.changes.emplace_back(PutImageLock{*lock});
      found.locks[name] = *lock;
    } else if (lock.error().kind == ErrorKind::not_found && known && is_of_file(*known, image)) {
      found.vanished[name] = lock.error();
      found.locks[name] = *known;
    } else {
      found.unread[name] = lock.error();
    }
  }
  return found;
}

Result<std::map<std::string, ImageLock>> resolve_images(const Invocation& invocation, const Config& config,
                                                        const std::vector<std::string>& names, Newer newer,
                                                        StateStore& store, const RecordedState& recorded) {
  FoundImages found;
  for (const auto& name : names) {
    FoundImages one = find_images(invocation, config, {name}, newer, recorded);
    for (const auto* failed : {&one.unread, &one.vanished}) {
      if (!failed->empty()) return failed->begin()->second;
    }
    found.locks.merge(one.locks);
    std::move(one.changes.begin(), one.changes.end(), std::back_inserter(found.changes));
  }
  if (found.changes.empty()) return std::move(found.locks);
  const auto committed = store.commit({.at = invocation.outside.clock->now(),
                                       .begun = {},
                                       .ended = {},
                                       .changes = std::move(found.changes),
                                       .events = {}});
  if (!committed) return committed.error();
  return std::move(found.locks);
}

void report_overwritten(const Invocation& invocation, const Config& config, const FoundImages& images, Plan& plan) {
  std::set<std::string> looked_at;
  for (const auto& action : plan.actions) {
    const auto* upload = std::get_if<UploadImage>(&action.detail);
    if (upload == nullptr || !upload->image.source.starts_with("/")) continue;
    const ImageLock& lock = upload->image;
    const auto of_file = images.locks.find(lock.image);
    const bool is_of_file = of_file != images.locks.end() && of_file->second.digest == lock.digest;
    if (is_of_file || !looked_at.insert(lock.digest).second) continue;
    const Image* known = find_image(config, lock.image);
    Image image = known == nullptr ? Image{} : *known;
    image.name = lock.image;
    const auto file = invocation.outside.image_library()->local_file(image, lock, {});
    if (file) continue;
    Diagnostic diagnostic;
    diagnostic.severity = Severity::error;
    diagnostic.code = "image_overwritten";
    diagnostic.summary = file.error().message + ", and this plan has to send what it was";
    diagnostic.hint = fmt::format(
        "put the file back as it was when {} was accepted; or, to roll out what the file has: "
        "--force",
        lock.digest);
    plan.diagnostics.push_back(std::move(diagnostic));
    plan.errored = true;
  }
}

void report_vanished(const FoundImages& images, Plan& plan) {
  for (const auto& [name, error] : images.vanished) {
    const bool needed = sends(plan, name);
    Diagnostic diagnostic;
    diagnostic.severity = needed ? Severity::error : Severity::warning;
    diagnostic.code = "image_source_vanished";
    diagnostic.summary = error.message + (error.detail.empty() ? "" : fmt::format(" [{}]", error.detail)) +
                         (needed ? ", and this plan has to send it" : "; it would be needed to send it to a host");
    diagnostic.hint = error.hint;
    plan.diagnostics.push_back(std::move(diagnostic));
    plan.errored = plan.errored || needed;
  }
}

}  // namespace vscale
