//===- Npy.cpp - The .npy format ------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reader and writer of .npy files: a magic string, a version, the length of a
// header, the header (a Python dictionary with `descr`, `fortran_order` and
// `shape`) and the array's bytes. The format is specified in NumPy's
// numpy/lib/format.py (NEP 1).
//
//===----------------------------------------------------------------------===//
#include "ByteSource.h"

#include "spnn/Import/AtomicFile.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

using namespace spnn;
using namespace spnn::numpy;

namespace {

struct DTypeInfo {
  DType dtype;
  char kind; ///< the letter of NumPy's array-protocol type string
  unsigned bytes;
  const char *name;
};

constexpr DTypeInfo dtypes[] = {
    {DType::Bool, 'b', 1, "bool"},   {DType::I8, 'i', 1, "int8"},
    {DType::I16, 'i', 2, "int16"},   {DType::I32, 'i', 4, "int32"},
    {DType::I64, 'i', 8, "int64"},   {DType::U8, 'u', 1, "uint8"},
    {DType::U16, 'u', 2, "uint16"},  {DType::U32, 'u', 4, "uint32"},
    {DType::U64, 'u', 8, "uint64"},  {DType::F16, 'f', 2, "float16"},
    {DType::F32, 'f', 4, "float32"}, {DType::F64, 'f', 8, "float64"},
};

const DTypeInfo &infoOf(DType dtype) {
  return dtypes[static_cast<unsigned>(dtype)];
}

constexpr char magic[] = "\x93NUMPY";
constexpr unsigned magicBytes = 6;
/// NumPy itself refuses headers above 10000 characters.
constexpr uint64_t maxHeaderBytes = uint64_t(1) << 20;
/// NumPy's own limit (NPY_MAXDIMS of NumPy 2).
constexpr unsigned maxRank = 64;

/// The bytes of an array; nullopt if they do not fit 62 bits. The extents
/// beside a zero count too, as they take part in strides.
std::optional<uint64_t> byteCount(const std::vector<int64_t> &shape,
                                  unsigned elementBytes) {
  constexpr uint64_t limit = std::numeric_limits<int64_t>::max() / 2;
  uint64_t count = elementBytes;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    if (extent == 0) {
      empty = true;
      continue;
    }
    if (count > limit / static_cast<uint64_t>(extent))
      return std::nullopt;
    count *= extent;
  }
  return empty ? 0 : count;
}

/// Text of a file for an error: short, printable, quoted.
std::string quoted(const std::string &text) {
  std::string result = "'";
  for (char c : text.substr(0, 40))
    result += c >= ' ' && c < 127 ? c : '?';
  return result + (text.size() > 40 ? "...'" : "'");
}

/// Reads the header's dictionary.
class HeaderParser {
public:
  HeaderParser(const char *begin, const char *end) : at(begin), end(end) {}

  Error parse(NpyHeader &header);

private:
  void skipBlanks() {
    while (at != end &&
           (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
      ++at;
  }
  bool accept(char c) {
    skipBlanks();
    if (at == end || *at != c)
      return false;
    ++at;
    return true;
  }
  bool acceptWord(const char *word) {
    skipBlanks();
    size_t length = std::strlen(word);
    if (static_cast<size_t>(end - at) < length ||
        std::memcmp(at, word, length) != 0)
      return false;
    at += length;
    return true;
  }
  bool parseString(std::string &text);
  Error parseShape(std::vector<int64_t> &shape);
  static Error parseType(const std::string &descr, NpyHeader &header);

  const char *at, *end;
};

bool HeaderParser::parseString(std::string &text) {
  skipBlanks();
  if (at == end || (*at != '\'' && *at != '"'))
    return false;
  char quote = *at++;
  text.clear();
  while (at != end && *at != quote) {
    if (*at == '\\')
      return false;
    text += *at++;
  }
  return at != end && *at++ == quote;
}

Error HeaderParser::parseShape(std::vector<int64_t> &shape) {
  const char *malformed = "has a header whose shape is not a tuple of lengths";
  if (!accept('('))
    return malformed;
  bool commaLast = false;
  while (!accept(')')) {
    if (!shape.empty() && !commaLast)
      return malformed;
    skipBlanks();
    int64_t extent = 0;
    const char *start = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) {
      int64_t digit = *at - '0';
      if (extent > (std::numeric_limits<int64_t>::max() - digit) / 10)
        return "has a header whose shape is too large";
      extent = extent * 10 + digit;
    }
    if (at == start)
      return malformed;
    // Python 2 wrote long integers as 3L.
    if (at != end && *at == 'L')
      ++at;
    if (shape.size() == maxRank)
      return "has a header with more than " + std::to_string(maxRank) +
             " dimensions";
    shape.push_back(extent);
    commaLast = accept(',');
  }
  // (3) is a number in parentheses, not a tuple.
  if (shape.size() == 1 && !commaLast)
    return malformed;
  return std::nullopt;
}

Error HeaderParser::parseType(const std::string &descr, NpyHeader &header) {
  Error unsupported = "holds elements of type " + quoted(descr) +
                      "; supported are bool, int8 to int64, uint8 to uint64, "
                      "float16, float32 and float64";
  if (descr.size() < 2)
    return unsupported;
  if (descr[1] == 'O')
    return "holds Python objects, which are not numbers; convert the array "
           "with astype first";
  char order = descr[0];
  for (const DTypeInfo &info : dtypes) {
    if (descr.substr(1) != info.kind + std::to_string(info.bytes))
      continue;
    if (order != '<' && order != '>' && order != '=' &&
        !(order == '|' && info.bytes == 1))
      return unsupported;
    header.dtype = info.dtype;
    header.bigEndian = order == '>';
    return std::nullopt;
  }
  return unsupported;
}

Error HeaderParser::parse(NpyHeader &header) {
  const char *malformed = "has a header that is not a dictionary of 'descr', "
                          "'fortran_order' and 'shape'";
  bool haveType = false, haveOrder = false, haveShape = false;
  if (!accept('{'))
    return malformed;
  bool commaLast = true;
  while (!accept('}')) {
    std::string key;
    if (!commaLast || !parseString(key) || !accept(':'))
      return malformed;
    if (key == "descr" && !haveType) {
      skipBlanks();
      if (at != end && *at == '[')
        return "holds records (a structured type), which are not supported; "
               "save each field as an array of its own";
      std::string descr;
      if (!parseString(descr))
        return malformed;
      if (Error error = parseType(descr, header))
        return error;
      haveType = true;
    } else if (key == "fortran_order" && !haveOrder) {
      if (acceptWord("True"))
        header.fortranOrder = true;
      else if (!acceptWord("False"))
        return malformed;
      haveOrder = true;
    } else if (key == "shape" && !haveShape) {
      if (Error error = parseShape(header.shape))
        return error;
      haveShape = true;
    } else {
      return "has a header with the unexpected or repeated key " + quoted(key);
    }
    commaLast = accept(',');
  }
  skipBlanks();
  if (!haveType || !haveOrder || !haveShape || at != end)
    return malformed;
  return std::nullopt;
}

bool machineIsBigEndian() {
  const uint16_t one = 1;
  uint8_t first;
  std::memcpy(&first, &one, 1);
  return first == 0;
}

/// Copies the column-major `from` to the row-major `to`: walks `to` in order
/// and keeps the offset in `from`.
template <typename Element>
void transpose(const std::vector<int64_t> &shape, const uint8_t *from,
               uint8_t *to, uint64_t count) {
  size_t rank = shape.size();
  std::vector<uint64_t> stride(rank), index(rank);
  uint64_t product = 1;
  for (size_t dim = 0; dim < rank; ++dim) {
    stride[dim] = product;
    product *= shape[dim];
  }
  uint64_t source = 0;
  for (uint64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * sizeof(Element), from + source * sizeof(Element),
                sizeof(Element));
    for (size_t dim = rank; dim-- > 0;) {
      source += stride[dim];
      if (++index[dim] < static_cast<uint64_t>(shape[dim]))
        break;
      source -= stride[dim] * shape[dim];
      index[dim] = 0;
    }
  }
}

/// Reads header and array of a whole .npy file.
Error readFrom(const ByteSource &source, Array &result) {
  NpyHeader header;
  std::vector<uint8_t> start;
  uint64_t moreBytes = std::min<uint64_t>(source.size(), 128);
  do {
    start.resize(moreBytes);
    if (Error error = source.read(0, start.data(), start.size()))
      return error;
    if (Error error = parseNpyHeader(start.data(), start.size(), source.size(),
                                     header, moreBytes))
      return source.name() + " " + *error;
  } while (moreBytes > 0);
  Array array;
  array.dtype = header.dtype;
  array.shape = header.shape;
  array.bytes.resize(header.dataBytes);
  if (Error error =
          source.read(header.dataOffset, array.bytes.data(), header.dataBytes))
    return error;
  finishNpy(header, array);
  result = std::move(array);
  return std::nullopt;
}

} // namespace

const char *spnn::numpy::dtypeName(DType dtype) { return infoOf(dtype).name; }

unsigned spnn::numpy::dtypeBytes(DType dtype) { return infoOf(dtype).bytes; }

int64_t Array::size() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

bool spnn::numpy::isConsistent(const Array &array) {
  std::optional<uint64_t> bytes =
      byteCount(array.shape, dtypeBytes(array.dtype));
  return bytes && *bytes == array.bytes.size();
}

Error spnn::numpy::parseNpyHeader(const uint8_t *data, uint64_t available,
                                  uint64_t total, NpyHeader &header,
                                  uint64_t &moreBytes) {
  moreBytes = 0;
  if (total < magicBytes + 4)
    return "is too short for an .npy file";
  if (available < magicBytes + 6 && available < total) {
    moreBytes = std::min<uint64_t>(total, 128);
    return std::nullopt;
  }
  if (std::memcmp(data, magic, magicBytes) != 0)
    return "is not an .npy file: it does not begin with \\x93NUMPY";
  unsigned major = data[magicBytes];
  if (major < 1 || major > 3)
    return "is an .npy file of version " + std::to_string(major) +
           "; versions 1 to 3 are supported";
  unsigned lengthBytes = major == 1 ? 2 : 4;
  uint64_t headerStart = magicBytes + 2 + lengthBytes;
  uint64_t headerBytes = 0;
  if (headerStart > total)
    return "is too short for an .npy file";
  for (unsigned i = 0; i < lengthBytes; ++i)
    headerBytes |= uint64_t(data[magicBytes + 2 + i]) << (8 * i);
  if (headerBytes > maxHeaderBytes - headerStart ||
      headerBytes > total - headerStart)
    return "has an .npy header that claims " + std::to_string(headerBytes) +
           " bytes, more than it can have";
  header = NpyHeader();
  header.dataOffset = headerStart + headerBytes;
  if (available < header.dataOffset) {
    moreBytes = header.dataOffset;
    return std::nullopt;
  }
  const char *text = reinterpret_cast<const char *>(data) + headerStart;
  if (Error error = HeaderParser(text, text + headerBytes).parse(header))
    return error;
  std::optional<uint64_t> bytes =
      byteCount(header.shape, dtypeBytes(header.dtype));
  if (!bytes)
    return "has a header whose shape is too large";
  header.dataBytes = *bytes;
  uint64_t present = total - header.dataOffset;
  if (present != header.dataBytes)
    return "holds " + std::to_string(present) + " bytes of data where its " +
           "header calls for " + std::to_string(header.dataBytes);
  return std::nullopt;
}

void spnn::numpy::finishNpy(const NpyHeader &header, Array &array) {
  uint8_t *bytes = array.bytes.data();
  unsigned elementBytes = dtypeBytes(header.dtype);
  uint64_t count = array.bytes.size() / elementBytes;
  if (elementBytes > 1 && header.bigEndian != machineIsBigEndian())
    for (uint64_t i = 0; i < count; ++i)
      std::reverse(bytes + i * elementBytes, bytes + (i + 1) * elementBytes);
  if (header.dtype == DType::Bool)
    for (uint64_t i = 0; i < count; ++i)
      bytes[i] = bytes[i] != 0;
  if (!header.fortranOrder || header.shape.size() < 2 || count == 0)
    return;
  std::vector<uint8_t> rowMajor(array.bytes.size());
  switch (elementBytes) {
  case 1:
    transpose<uint8_t>(header.shape, bytes, rowMajor.data(), count);
    break;
  case 2:
    transpose<uint16_t>(header.shape, bytes, rowMajor.data(), count);
    break;
  case 4:
    transpose<uint32_t>(header.shape, bytes, rowMajor.data(), count);
    break;
  default:
    transpose<uint64_t>(header.shape, bytes, rowMajor.data(), count);
  }
  array.bytes = std::move(rowMajor);
}

std::string spnn::numpy::makeNpyHeader(const Array &array) {
  const DTypeInfo &info = infoOf(array.dtype);
  std::string shape;
  for (int64_t extent : array.shape)
    shape += std::to_string(extent) + (array.shape.size() == 1 ? "," : ", ");
  if (array.shape.size() > 1)
    shape.resize(shape.size() - 2);
  char order = info.bytes == 1 ? '|' : machineIsBigEndian() ? '>' : '<';
  std::string text = std::string("{'descr': '") + order + info.kind +
                     std::to_string(info.bytes) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // The array begins at a multiple of 64 bytes, the header ends in '\n'.
  constexpr size_t prefix = magicBytes + 4;
  size_t padded = (prefix + text.size() + 1 + 63) / 64 * 64;
  text.resize(padded - prefix - 1, ' ');
  text += '\n';
  std::string header(magic, magicBytes);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

Error spnn::numpy::readNpy(const uint8_t *data, size_t size,
                           const std::string &name, Array &result) try {
  return readFrom(MemorySource(data, size, name), result);
} catch (const std::bad_alloc &) {
  return "memory is too short to read '" + name + "'";
}

Error spnn::numpy::readNpy(const std::string &path, Array &result) try {
  FileSource source;
  if (Error error = source.open(path))
    return error;
  return readFrom(source, result);
} catch (const std::bad_alloc &) {
  return "memory is too short to read '" + path + "'";
}

Error spnn::numpy::writeNpy(const std::string &path, const Array &array) {
  if (!isConsistent(array) || array.shape.size() > maxRank)
    return "cannot write '" + path +
           "': the array's bytes do not match its "
           "shape";
  AtomicFile file;
  if (Error error = file.open(path))
    return error;
  std::string header = makeNpyHeader(array);
  if (Error error = file.write(header.data(), header.size()))
    return error;
  if (Error error = file.write(array.bytes.data(), array.bytes.size()))
    return error;
  return file.commit();
}
