#pragma once

#include <optional>
#include <string>

#include "engine/values/result.h"
#include "providers/file_descriptor.h"

/// Downloaded images on this machine, each named by its digest.

namespace vscale {

/// A file of the cache that is being written; it goes with this object unless it is kept.
class PartialFile {
 public:
  PartialFile(std::string path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  ~PartialFile();
  PartialFile(PartialFile&& other) noexcept;
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  PartialFile& operator=(PartialFile&&) = delete;

  const std::string& path() const { return path_; }
  /// `no_capacity` if the disk is full.
  Result<void> write(const char* bytes, std::size_t size);

 private:
  friend class ImageCache;

  std::string path_;
  FileDescriptor file_;
};

/// Every file in it is 0600 and has its name only when it is complete and on the disk. Several processes may share it.
class ImageCache {
 public:
  explicit ImageCache(std::string directory) : directory_(std::move(directory)) {}

  /// The path of the image with that digest (`sha256:HEX`), if it is there.
  std::optional<std::string> find(const std::string& digest) const;
  /// A new file to write a download into. Makes the directory, 0700, and removes what crashed downloads left, after a
  /// day.
  Result<PartialFile> begin() const;
  /// Gives the file its name; the path. If another process was faster, theirs is the one: the bytes are the same.
  Result<std::string> keep(PartialFile file, const std::string& digest) const;

 private:
  std::string path_of(const std::string& digest) const;
  void remove_left_behind() const;

  std::string directory_;
};

}  // namespace vscale
