//===- NpzReader.cpp - Reads .npz files -----------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reader of .npz files, zip archives whose members are .npy files. The
// directory at the end rules: the sizes in a member's own header are not used,
// as NumPy leaves them to its zip64 field.
//
//===----------------------------------------------------------------------===//
#include "ByteSource.h"
#include "Zip.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <set>
#include <zlib.h>

using namespace spnn::numpy;
using namespace spnn::numpy::zip;

namespace {

uint16_t get16(const uint8_t *at) { return at[0] | at[1] << 8; }
uint32_t get32(const uint8_t *at) {
  return get16(at) | static_cast<uint32_t>(get16(at + 2)) << 16;
}
uint64_t get64(const uint8_t *at) {
  return get32(at) | static_cast<uint64_t>(get32(at + 4)) << 32;
}

/// A member as the directory describes it.
struct Member {
  std::string name; ///< without ".npy"
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packedBytes = 0;
  uint64_t bytes = 0;
  uint64_t headerOffset = 0;
};

/// Where the directory lies.
struct Directory {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t offset = 0;
};

std::string printable(std::string text) {
  for (char &c : text)
    if (c >= 0 && c < ' ')
      c = '?';
  return text.substr(0, 80);
}

/// The bytes of one member, in order: copied or inflated.
class MemberStream {
public:
  MemberStream(const ByteSource &source, const Member &member, uint64_t offset)
      : source(source), member(member), offset(offset) {}
  ~MemberStream() {
    if (inflating)
      inflateEnd(&z);
  }
  /// Begins; the error is a sentence about zlib.
  [[nodiscard]] Error start();
  /// Appends `count` bytes to `to`. The buffer grows as bytes arrive: a size
  /// that the file only claims costs nothing.
  [[nodiscard]] Error append(std::vector<uint8_t> &to, uint64_t count);
  /// Checks that nothing is left, and the CRC.
  [[nodiscard]] Error finish();

private:
  Error next(uint8_t *to, uint64_t count);
  std::string who() const {
    return "member '" + printable(member.name) + ".npy' of " + source.name();
  }

  const ByteSource &source;
  const Member &member;
  uint64_t offset;       ///< of the next packed byte
  uint64_t consumed = 0; ///< packed bytes taken
  uint32_t crc = 0;
  bool inflating = false;
  z_stream z = {};
  std::vector<uint8_t> packed;
};

Error MemberStream::start() {
  if (member.method != deflateMethod)
    return std::nullopt;
  // Negative: raw deflate data, without zlib's own header.
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
    return "memory is too short to inflate " + source.name();
  inflating = true;
  packed.resize(1 << 16);
  return std::nullopt;
}

Error MemberStream::next(uint8_t *to, uint64_t count) {
  if (!inflating) {
    if (Error error = source.read(offset + consumed, to, count))
      return error;
    consumed += count;
  }
  uint64_t done = inflating ? 0 : count;
  while (done < count) {
    if (z.avail_in == 0 && consumed < member.packedBytes) {
      uint64_t piece =
          std::min<uint64_t>(packed.size(), member.packedBytes - consumed);
      if (Error error = source.read(offset + consumed, packed.data(), piece))
        return error;
      consumed += piece;
      z.next_in = packed.data();
      z.avail_in = piece;
    }
    uint64_t wanted = std::min<uint64_t>(count - done, 1u << 30);
    z.next_out = to + done;
    z.avail_out = wanted;
    int status = inflate(&z, Z_NO_FLUSH);
    done += wanted - z.avail_out;
    if (status == Z_STREAM_END && done < count)
      return who() + " inflates to fewer bytes than its entry says";
    if (status == Z_BUF_ERROR && consumed == member.packedBytes)
      return who() + " has compressed data that end early";
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      return who() + " has damaged compressed data";
  }
  crc = crcOf(crc, to, count);
  return std::nullopt;
}

Error MemberStream::append(std::vector<uint8_t> &to, uint64_t count) {
  // Stored bytes are known to lie in the file; inflated ones are a claim.
  uint64_t step = inflating ? uint64_t(1) << 20 : count;
  while (count > 0) {
    uint64_t piece = std::min(step, count);
    uint64_t before = to.size();
    to.resize(before + piece);
    if (Error error = next(to.data() + before, piece))
      return error;
    count -= piece;
    step = std::max<uint64_t>(step, to.size());
  }
  return std::nullopt;
}

Error MemberStream::finish() {
  if (inflating) {
    // The end-of-stream mark may still be unread: room for one byte that must
    // not come.
    uint8_t extra;
    int status = Z_OK;
    do {
      if (z.avail_in == 0 && consumed < member.packedBytes) {
        uint64_t piece =
            std::min<uint64_t>(packed.size(), member.packedBytes - consumed);
        if (Error error = source.read(offset + consumed, packed.data(), piece))
          return error;
        consumed += piece;
        z.next_in = packed.data();
        z.avail_in = piece;
      }
      z.next_out = &extra;
      z.avail_out = 1;
      status = inflate(&z, Z_NO_FLUSH);
    } while (status == Z_OK && z.avail_out == 1);
    if (z.avail_out == 0)
      return who() + " inflates to more bytes than its entry says";
    if (status != Z_STREAM_END || z.avail_in != 0 ||
        consumed != member.packedBytes)
      return who() + " has compressed data that do not end where they should";
  }
  if (crc != member.crc)
    return who() + " is damaged: its checksum is wrong";
  return std::nullopt;
}

/// Reads one archive.
class Archive {
public:
  Archive(const ByteSource &source, const ReadLimits &limits)
      : source(source), limits(limits) {}
  Error read(std::vector<NamedArray> &result);

private:
  Error findDirectory(Directory &directory);
  Error readDirectory64(uint64_t endOffset, Directory &directory);
  Error readEntries(const Directory &directory, std::vector<Member> &members);
  Error readExtra64(const uint8_t *extra, unsigned count, Member &member);
  Error checkMember(const Member &member, uint16_t flags);
  Error readMember(const Member &member, Array &array);
  Error fail(const std::string &predicate) const {
    return source.name() + " " + predicate;
  }

  const ByteSource &source;
  const ReadLimits &limits;
  uint64_t inflated = 0;
};

Error Archive::findDirectory(Directory &directory) {
  if (source.size() < endBytes)
    return fail("is too short for an .npz file");
  uint8_t signature[4];
  if (Error error = source.read(0, signature, 4))
    return error;
  if (std::memcmp(signature, "PK", 2) != 0)
    return fail("is not an .npz file: it does not begin with PK");
  // The end record is followed by a comment of at most 65535 bytes.
  uint64_t tailBytes = std::min<uint64_t>(source.size(), endBytes + 65535);
  uint64_t tailOffset = source.size() - tailBytes;
  std::vector<uint8_t> tail(tailBytes);
  if (Error error = source.read(tailOffset, tail.data(), tailBytes))
    return error;
  uint64_t at = tailBytes - endBytes + 1;
  bool found = false;
  while (!found && at-- > 0)
    found = get32(&tail[at]) == endSignature &&
            at + endBytes + get16(&tail[at + 20]) == tailBytes;
  if (!found)
    return fail("is cut off or is not an .npz file: it has no zip directory");
  const uint8_t *end = &tail[at];
  uint16_t entries = get16(end + 10);
  uint32_t bytes = get32(end + 12), offset = get32(end + 16);
  if (get16(end + 4) != get16(end + 6) || get16(end + 8) != entries ||
      (get16(end + 4) != 0 && get16(end + 4) != 0xffff))
    return fail("is a part of a zip split over several files");
  directory = {entries, bytes, offset};
  if (entries == 0xffff || bytes == 0xffffffff || offset == 0xffffffff)
    return readDirectory64(tailOffset + at, directory);
  return std::nullopt;
}

Error Archive::readDirectory64(uint64_t endOffset, Directory &directory) {
  uint8_t locator[locator64Bytes];
  // Exactly 65535 entries without zip64 are allowed.
  if (endOffset < locator64Bytes)
    return std::nullopt;
  if (Error error =
          source.read(endOffset - locator64Bytes, locator, locator64Bytes))
    return error;
  if (get32(locator) != locator64Signature)
    return std::nullopt;
  uint8_t record[end64Bytes];
  if (Error error = source.read(get64(locator + 8), record, end64Bytes))
    return error;
  if (get32(record) != end64Signature)
    return fail("has a damaged zip64 directory");
  if (get32(record + 16) != 0 || get32(record + 20) != 0 ||
      get64(record + 24) != get64(record + 32))
    return fail("is a part of a zip split over several files");
  directory = {get64(record + 32), get64(record + 40), get64(record + 48)};
  return std::nullopt;
}

Error Archive::readExtra64(const uint8_t *extra, unsigned count,
                           Member &member) {
  // 4.5.3: the fields of block 1 that the entry itself could not hold, in
  // this order.
  while (count >= 4) {
    unsigned id = get16(extra), length = get16(extra + 2);
    extra += 4;
    count -= 4;
    if (length > count)
      return fail("has a damaged directory: an extra field ends early");
    if (id == 1) {
      unsigned at = 0;
      for (uint64_t *field :
           {&member.bytes, &member.packedBytes, &member.headerOffset}) {
        if (*field != 0xffffffff)
          continue;
        if (at + 8 > length)
          return fail("has a damaged directory: a zip64 field ends early");
        *field = get64(extra + at);
        at += 8;
      }
      return std::nullopt;
    }
    extra += length;
    count -= length;
  }
  return std::nullopt;
}

Error Archive::checkMember(const Member &member, uint16_t flags) {
  std::string who = "holds the member '" + printable(member.name) + ".npy'";
  if (flags & encryptedFlag)
    return fail(who + ", which is encrypted");
  if (member.method != storedMethod && member.method != deflateMethod)
    return fail(who + ", compressed by method " +
                std::to_string(member.method) +
                "; only stored and deflated members are supported");
  if (member.method == storedMethod && member.bytes != member.packedBytes)
    return fail(who + ", which is stored but has two different sizes");
  if (member.packedBytes > source.size())
    return fail(who + ", which claims more bytes than the file has");
  if (member.method == deflateMethod) {
    // Deflate cannot pack more than 1032 bytes into one (zlib's FAQ).
    if (member.bytes / 1032 > member.packedBytes)
      return fail(who + ", which claims more bytes than its data can hold");
    if (member.bytes > limits.inflatedBytes - inflated)
      return fail("would inflate to more than the limit of " +
                  std::to_string(limits.inflatedBytes) + " bytes");
    inflated += member.bytes;
  }
  return std::nullopt;
}

Error Archive::readEntries(const Directory &directory,
                           std::vector<Member> &members) {
  if (directory.offset > source.size() ||
      directory.bytes > source.size() - directory.offset ||
      directory.entries > directory.bytes / directoryBytes)
    return fail("has a damaged directory: it lies beyond the end of the file");
  std::vector<uint8_t> bytes(directory.bytes);
  if (Error error = source.read(directory.offset, bytes.data(), bytes.size()))
    return error;
  std::set<std::string> names;
  uint64_t at = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    const uint8_t *entry = bytes.data() + at;
    if (bytes.size() - at < directoryBytes ||
        get32(entry) != directorySignature)
      return fail("has a damaged directory: entry " + std::to_string(i) +
                  " is not an entry");
    uint64_t nameBytes = get16(entry + 28), extraBytes = get16(entry + 30);
    uint64_t entryBytes =
        directoryBytes + nameBytes + extraBytes + get16(entry + 32);
    if (bytes.size() - at < entryBytes)
      return fail("has a damaged directory: entry " + std::to_string(i) +
                  " ends early");
    Member member;
    const char *name = reinterpret_cast<const char *>(entry) + directoryBytes;
    member.name.assign(name, nameBytes);
    if (nameBytes < 4 || member.name.substr(nameBytes - 4) != ".npy")
      return fail("holds the member '" + printable(member.name) +
                  "', which is not an array (.npy)");
    member.name.resize(nameBytes - 4);
    if (!names.insert(member.name).second)
      return fail("holds the member '" + printable(member.name) +
                  ".npy' twice");
    member.method = get16(entry + 10);
    member.crc = get32(entry + 16);
    member.packedBytes = get32(entry + 20);
    member.bytes = get32(entry + 24);
    member.headerOffset = get32(entry + 42);
    if (Error error =
            readExtra64(entry + directoryBytes + nameBytes, extraBytes, member))
      return error;
    if (Error error = checkMember(member, get16(entry + 8)))
      return error;
    members.push_back(std::move(member));
    at += entryBytes;
  }
  return std::nullopt;
}

Error Archive::readMember(const Member &member, Array &array) {
  std::string who =
      "member '" + printable(member.name) + ".npy' of " + source.name();
  uint8_t local[localBytes];
  if (member.headerOffset > source.size() ||
      source.size() - member.headerOffset < localBytes)
    return who + " lies beyond the end of the file";
  if (Error error = source.read(member.headerOffset, local, localBytes))
    return error;
  if (get32(local) != localSignature)
    return who + " is not where the directory says";
  uint64_t offset =
      member.headerOffset + localBytes + get16(local + 26) + get16(local + 28);
  if (offset > source.size() || member.packedBytes > source.size() - offset)
    return who + " lies beyond the end of the file";

  MemberStream stream(source, member, offset);
  if (Error error = stream.start())
    return error;
  NpyHeader header;
  std::vector<uint8_t> start;
  uint64_t moreBytes = std::min<uint64_t>(member.bytes, 128);
  do {
    if (Error error = stream.append(start, moreBytes - start.size()))
      return error;
    if (Error error = parseNpyHeader(start.data(), start.size(), member.bytes,
                                     header, moreBytes))
      return who + " " + *error;
  } while (moreBytes > 0);
  array.dtype = header.dtype;
  array.shape = header.shape;
  array.bytes.assign(start.begin() + header.dataOffset, start.end());
  if (Error error =
          stream.append(array.bytes, header.dataBytes - array.bytes.size()))
    return error;
  if (Error error = stream.finish())
    return error;
  finishNpy(header, array);
  return std::nullopt;
}

Error Archive::read(std::vector<NamedArray> &result) {
  Directory directory;
  std::vector<Member> members;
  if (Error error = findDirectory(directory))
    return error;
  if (Error error = readEntries(directory, members))
    return error;
  // Members that share bytes multiply what the file holds.
  uint64_t total = 0;
  for (const Member &member : members) {
    if (member.packedBytes > source.size() - total)
      return fail("holds members that overlap");
    total += member.packedBytes;
  }
  std::vector<NamedArray> arrays;
  for (const Member &member : members) {
    arrays.push_back({member.name, {}});
    if (Error error = readMember(member, arrays.back().array))
      return error;
  }
  result = std::move(arrays);
  return std::nullopt;
}

} // namespace

Error spnn::numpy::readNpz(const uint8_t *data, size_t size,
                           const std::string &name,
                           std::vector<NamedArray> &result,
                           const ReadLimits &limits) try {
  return Archive(MemorySource(data, size, name), limits).read(result);
} catch (const std::bad_alloc &) {
  return "memory is too short to read '" + name + "'";
}

Error spnn::numpy::readNpz(const std::string &path,
                           std::vector<NamedArray> &result,
                           const ReadLimits &limits) try {
  FileSource source;
  if (Error error = source.open(path))
    return error;
  return Archive(source, limits).read(result);
} catch (const std::bad_alloc &) {
  return "memory is too short to read '" + path + "'";
}
