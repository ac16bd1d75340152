//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file in which measured times of candidates are kept.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/TuningCache.h"

#include "spnn/Import/AtomicFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <cstdlib>

using namespace spnn;
using namespace spnn::tuning;
using llvm::StringRef;
namespace json = llvm::json;

static constexpr const char *kVersionField = "spnn_tune", *kTimesField = "microseconds";
static constexpr int64_t kVersion = 1;

std::string TuningCache::getDefaultPath() {
  llvm::SmallString<256> result;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  // The XDG Base Directory Specification: paths that are not absolute are to be ignored.
  if (cache && llvm::sys::path::is_absolute(cache))
    result = cache;
  else if (home && llvm::sys::path::is_absolute(home))
    llvm::sys::path::append(result, home, ".cache");
  else
    return "";
  llvm::sys::path::append(result, "spnn", "tune.json");
  return result.str().str();
}

/// Reads the times in the file `path`; none if there is no such file.
static TuningCache::Error read(StringRef path, std::map<std::string, double> &times) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer && buffer.getError() == std::errc::no_such_file_or_directory)
    return std::nullopt;
  if (!buffer)
    return "cannot read '" + path.str() + "': " + buffer.getError().message();
  auto damaged = [&](const llvm::Twine &why) {
    return ("'" + path + "' is no cache of measured times: " + why + " (remove it to measure anew)").str();
  };
  llvm::Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return damaged(llvm::toString(value.takeError()));
  const json::Object *object = value->getAsObject();
  if (!object || !object->getInteger(kVersionField))
    return damaged(llvm::Twine("it lacks the field '") + kVersionField + "'");
  if (object->getInteger(kVersionField) != kVersion)
    return damaged("it has version " + llvm::Twine(*object->getInteger(kVersionField)) + ", not " +
                   llvm::Twine(kVersion));
  const json::Object *entries = object->getObject(kTimesField);
  if (!entries)
    return damaged(llvm::Twine("it lacks the field '") + kTimesField + "'");
  for (const auto &[key, entry] : *entries) {
    std::optional<double> time = entry.getAsNumber();
    if (!time || !(*time > 0) || !std::isfinite(*time))
      return damaged("a time is not a positive number");
    times[key.str()] = *time;
  }
  return std::nullopt;
}

TuningCache::Error TuningCache::load(StringRef name) {
  path = name.str();
  times.clear();
  return read(path, times);
}

TuningCache::Error TuningCache::checkWritable() const {
  StringRef folder = llvm::sys::path::parent_path(path);
  if (!folder.empty())
    if (std::error_code status = llvm::sys::fs::create_directories(folder))
      return "cannot make the folder '" + folder.str() + "': " + status.message();
  AtomicFile file;
  return file.open(path);
}

std::optional<double> TuningCache::find(StringRef key) const {
  for (const auto *entries : {&added, &times})
    if (auto found = entries->find(key.str()); found != entries->end())
      return found->second;
  return std::nullopt;
}

TuningCache::Error TuningCache::save() {
  // Another process may have written since.
  std::map<std::string, double> all;
  if (Error error = read(path, all))
    return error;
  for (const auto &[key, time] : added)
    all[key] = time;
  json::Object entries;
  for (const auto &[key, time] : all)
    entries[key] = time;
  std::string text =
      llvm::formatv("{0:2}\n", json::Value(json::Object{{kVersionField, kVersion}, {kTimesField, std::move(entries)}}));
  AtomicFile file;
  if (Error error = file.open(path))
    return error;
  if (Error error = file.write(text.data(), text.size()))
    return error;
  if (Error error = file.commit())
    return error;
  times = std::move(all);
  added.clear();
  return std::nullopt;
}
