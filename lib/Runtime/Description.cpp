//===- Description.cpp - What a compiled model says of itself -------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reader and the writer of a model's description, and the shape rules that
// follow from it. The grammar is in docs/runtime-abi.md.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Description.h"

#include "spnn/Runtime/Runtime.h"

#include <algorithm>
#include <charconv>
#include <limits>

using namespace spnn::runtime;

namespace {

struct DTypeInfo {
  DType dtype;
  const char *name;
  unsigned bytes;
};

constexpr DTypeInfo dtypes[] = {
    {DType::F32, "f32", 4},   {DType::F64, "f64", 8}, {DType::F16, "f16", 2},
    {DType::BF16, "bf16", 2}, {DType::I1, "i1", 1},   {DType::I8, "i8", 1},
    {DType::I16, "i16", 2},   {DType::I32, "i32", 4}, {DType::I64, "i64", 8},
};

/// More than any tensor has; keeps a damaged text from asking for gigabytes.
constexpr unsigned maxRank = 64;

template <typename Int> bool parseInteger(std::string_view text, Int &value) {
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

/// Splits `line` at blanks; a token in double quotes may hold blanks, and `\"`
/// and `\\`. Returns false if a quote is not closed.
bool tokenize(std::string_view line, std::vector<std::string> &tokens) {
  tokens.clear();
  size_t at = 0;
  while (true) {
    while (at < line.size() && line[at] == ' ')
      ++at;
    if (at == line.size())
      return true;
    std::string token;
    if (line[at] != '"') {
      while (at < line.size() && line[at] != ' ')
        token += line[at++];
    } else {
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\' && ++at == line.size())
          return false;
        token += line[at];
      }
      if (at == line.size())
        return false;
      ++at;
    }
    tokens.push_back(std::move(token));
  }
}

std::string quoteIfNeeded(const std::string &name) {
  if (!name.empty() && name.find_first_of(" \"\\") == std::string::npos)
    return name;
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string extentString(const Extent &extent) {
  switch (extent.kind) {
  case Extent::Kind::Static:
    return std::to_string(extent.value);
  case Extent::Kind::Dynamic:
    return "?" + extent.name;
  case Extent::Kind::OfInput:
    return "i" + std::to_string(extent.input) + "." +
           std::to_string(extent.dim) +
           (extent.offset > 0 ? "+" : "") +
           (extent.offset != 0 ? std::to_string(extent.offset) : "");
  }
  return "";
}

std::string joinInts(const std::vector<int64_t> &values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ", ") + std::to_string(value);
  return text;
}

/// Reads the lines one by one.
class Parser {
public:
  Parser(std::string_view text, ModelDescription &result)
      : rest(text), result(result) {}

  Error parse();

private:
  /// Reads the next line that is not empty into `tokens`; false at the end.
  bool next();
  Error fail(const std::string &rule) const {
    return "line " + std::to_string(lineNumber) + ": " + rule;
  }
  /// A line `keyword value`.
  Error parseField(const char *keyword, std::string &value);
  Error parseFunction();
  Error parseTensor(bool isInput, const FunctionSpec &function,
                    TensorSpec &spec);
  Error parseExtent(const std::string &token, bool isInput,
                    const FunctionSpec &function, Extent &extent);

  std::string_view rest;
  ModelDescription &result;
  unsigned lineNumber = 0;
  std::vector<std::string> tokens;
  bool quoteOpen = false;
};

bool Parser::next() {
  while (!rest.empty()) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    ++lineNumber;
    quoteOpen = !tokenize(line, tokens);
    if (quoteOpen || !tokens.empty())
      return true;
  }
  tokens.clear();
  return false;
}

Error Parser::parseField(const char *keyword, std::string &value) {
  std::string expected = std::string("expected '") + keyword + " <value>'";
  if (!next())
    return expected + " but the text ends";
  if (quoteOpen || tokens.size() != 2 || tokens[0] != keyword)
    return fail(expected);
  value = tokens[1];
  return std::nullopt;
}

Error Parser::parse() {
  result = ModelDescription();
  std::string version;
  if (Error error = parseField("spnn-model", version))
    return error;
  if (version != std::to_string(SPNN_ABI_VERSION))
    return "it is a description of version " + version +
           ", and this program reads version " +
           std::to_string(SPNN_ABI_VERSION);
  if (Error error = parseField("producer", result.producer))
    return error;
  if (Error error = parseField("target", result.target))
    return error;
  while (next())
    if (Error error = parseFunction())
      return error;
  return std::nullopt;
}

Error Parser::parseFunction() {
  if (quoteOpen || tokens.size() != 2 || tokens[0] != "function")
    return fail("expected 'function <name>'");
  if (tokens[1].empty())
    return fail("the function has an empty name");
  if (result.find(tokens[1]))
    return fail("function '" + tokens[1] + "' is described twice");
  FunctionSpec function;
  function.name = tokens[1];
  while (true) {
    if (!next())
      return "function '" + function.name + "' has no 'end'";
    if (quoteOpen)
      return fail("a quote is not closed");
    if (tokens[0] == "end" && tokens.size() == 1)
      break;
    bool isInput = tokens[0] == "input";
    if (!isInput && tokens[0] != "output")
      return fail("expected 'input', 'output' or 'end', found '" + tokens[0] +
                  "'");
    if (isInput && !function.outputs.empty())
      return fail("an input of function '" + function.name +
                  "' comes after an output");
    TensorSpec spec;
    if (Error error = parseTensor(isInput, function, spec))
      return error;
    (isInput ? function.inputs : function.outputs).push_back(std::move(spec));
  }
  result.functions.push_back(std::move(function));
  return std::nullopt;
}

Error Parser::parseTensor(bool isInput, const FunctionSpec &function,
                          TensorSpec &spec) {
  if (tokens.size() < 4)
    return fail("expected '" + tokens[0] +
                " <name> <dtype> <rank> <extent>...'");
  std::string who =
      tokens[0] + " '" + tokens[1] + "' of function '" + function.name + "'";
  if (tokens[1].empty())
    return fail("an " + tokens[0] + " of function '" + function.name +
                "' has an empty name");
  for (const TensorSpec &other : isInput ? function.inputs : function.outputs)
    if (other.name == tokens[1])
      return fail(who + " is described twice");
  spec.name = tokens[1];
  std::optional<DType> dtype = dtypeFromName(tokens[2]);
  if (!dtype)
    return fail(who + ": '" + tokens[2] + "' is not an element type");
  spec.dtype = *dtype;
  unsigned rank = 0;
  if (!parseInteger(tokens[3], rank) || rank > maxRank)
    return fail(who + ": '" + tokens[3] + "' is not a rank of at most " +
                std::to_string(maxRank));
  if (tokens.size() != rank + 4)
    return fail(who + " has rank " + std::to_string(rank) + " but " +
                std::to_string(tokens.size() - 4) + " extents");
  for (unsigned dim = 0; dim < rank; ++dim) {
    Extent extent;
    if (Error error = parseExtent(tokens[4 + dim], isInput, function, extent))
      return fail(who + ": " + *error);
    spec.shape.push_back(std::move(extent));
  }
  return std::nullopt;
}

Error Parser::parseExtent(const std::string &token, bool isInput,
                          const FunctionSpec &function, Extent &extent) {
  std::string_view text = token;
  if (isInput && !text.empty() && text[0] == '?') {
    extent.kind = Extent::Kind::Dynamic;
    extent.name = text.substr(1);
    return std::nullopt;
  }
  size_t dot = text.find('.');
  // "+2" or "-1" behind the number of the extent; from_chars takes no plus.
  size_t sign = text.find_first_of("+-");
  bool hasOffset = dot != std::string_view::npos && sign > dot &&
                   sign != std::string_view::npos;
  std::string_view number = text.substr(0, hasOffset ? sign : text.size());
  std::string_view offset =
      hasOffset ? text.substr(sign + (text[sign] == '+')) : "";
  if (!isInput && !text.empty() && text[0] == 'i' &&
      dot != std::string_view::npos &&
      parseInteger(number.substr(1, dot - 1), extent.input) &&
      parseInteger(number.substr(dot + 1), extent.dim) &&
      (!hasOffset || parseInteger(offset, extent.offset))) {
    extent.kind = Extent::Kind::OfInput;
    if (extent.input >= function.inputs.size() ||
        extent.dim >= function.inputs[extent.input].shape.size() ||
        function.inputs[extent.input].shape[extent.dim].kind !=
            Extent::Kind::Dynamic)
      return "'" + token + "' does not name a dynamic extent of an input";
    return std::nullopt;
  }
  extent.kind = Extent::Kind::Static;
  if (!parseInteger(text, extent.value) || extent.value < 0)
    return "'" + token + "' is neither a length nor " +
           (isInput ? "'?' nor '?<name>'"
                    : "'i<input>.<dim>', with an offset or without");
  return std::nullopt;
}

} // namespace

const char *spnn::runtime::dtypeName(DType dtype) {
  return dtypes[static_cast<int32_t>(dtype)].name;
}

std::optional<DType> spnn::runtime::dtypeFromName(std::string_view name) {
  for (const DTypeInfo &info : dtypes)
    if (name == info.name)
      return info.dtype;
  return std::nullopt;
}

unsigned spnn::runtime::dtypeBytes(DType dtype) {
  return dtypes[static_cast<int32_t>(dtype)].bytes;
}

const FunctionSpec *ModelDescription::find(std::string_view name) const {
  auto found =
      std::find_if(functions.begin(), functions.end(),
                   [&](const FunctionSpec &f) { return f.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

Error spnn::runtime::parseDescription(std::string_view text,
                                      ModelDescription &result) {
  return Parser(text, result).parse();
}

std::string
spnn::runtime::printDescription(const ModelDescription &description) {
  std::string text = "spnn-model " + std::to_string(SPNN_ABI_VERSION) + "\n";
  text += "producer " + quoteIfNeeded(description.producer) + "\n";
  text += "target " + quoteIfNeeded(description.target) + "\n";
  auto addTensor = [&](const char *keyword, const TensorSpec &spec) {
    text += std::string(keyword) + " " + quoteIfNeeded(spec.name) + " " +
            dtypeName(spec.dtype) + " " + std::to_string(spec.shape.size());
    for (const Extent &extent : spec.shape)
      text += " " + quoteIfNeeded(extentString(extent));
    text += "\n";
  };
  for (const FunctionSpec &function : description.functions) {
    text += "function " + quoteIfNeeded(function.name) + "\n";
    for (const TensorSpec &spec : function.inputs)
      addTensor("input", spec);
    for (const TensorSpec &spec : function.outputs)
      addTensor("output", spec);
    text += "end\n";
  }
  return text;
}

std::string spnn::runtime::typeString(const TensorSpec &spec) {
  std::string text;
  for (const Extent &extent : spec.shape)
    text += (text.empty() ? "" : ", ") + extentString(extent);
  return std::string(dtypeName(spec.dtype)) + "[" + text + "]";
}

std::string spnn::runtime::typeString(DType dtype,
                                      const std::vector<int64_t> &shape) {
  return std::string(dtypeName(dtype)) + "[" + joinInts(shape) + "]";
}

std::optional<int64_t>
spnn::runtime::elementCount(const std::vector<int64_t> &shape) {
  // The product of the other extents has to fit even where one is zero: they
  // take part in the strides.
  constexpr int64_t limit = std::numeric_limits<int64_t>::max() / 8;
  int64_t count = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    if (extent == 0) {
      empty = true;
      continue;
    }
    if (count > limit / extent)
      return std::nullopt;
    count *= extent;
  }
  return empty ? 0 : count;
}

Error spnn::runtime::resolveShapes(
    const FunctionSpec &function,
    const std::vector<std::vector<int64_t>> &inputs, std::vector<int64_t> &dims,
    std::vector<std::vector<int64_t>> &outputs) {
  if (inputs.size() != function.inputs.size())
    return "function '" + function.name + "' takes " +
           std::to_string(function.inputs.size()) + " inputs and was given " +
           std::to_string(inputs.size());
  // The named extents met so far, with the tensor that set each.
  struct Named {
    const std::string *name;
    int64_t value;
    const TensorSpec *setBy;
  };
  std::vector<Named> named;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec &spec = function.inputs[i];
    const std::vector<int64_t> &shape = inputs[i];
    std::string who = "input '" + spec.name + "' of function '" +
                      function.name + "' is " + typeString(spec);
    if (shape.size() != spec.shape.size())
      return who + " and was given the shape [" + joinInts(shape) +
             "], which has rank " + std::to_string(shape.size());
    if (!elementCount(shape))
      return who + " and was given the shape [" + joinInts(shape) +
             "], whose size cannot be addressed";
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      const Extent &extent = spec.shape[dim];
      if (extent.kind == Extent::Kind::Static) {
        if (extent.value != shape[dim])
          return who + " and was given the shape [" + joinInts(shape) +
                 "]: extent " + std::to_string(dim) + " must be " +
                 std::to_string(extent.value);
        continue;
      }
      dims.push_back(shape[dim]);
      if (extent.name.empty())
        continue;
      auto found =
          std::find_if(named.begin(), named.end(), [&](const Named &known) {
            return *known.name == extent.name;
          });
      if (found == named.end())
        named.push_back({&extent.name, shape[dim], &spec});
      else if (found->value != shape[dim])
        return who + " and was given the shape [" + joinInts(shape) +
               "]: extent '" + extent.name + "' is " +
               std::to_string(found->value) + " in input '" +
               found->setBy->name + "'";
    }
  }
  for (const TensorSpec &spec : function.outputs) {
    std::vector<int64_t> shape;
    for (const Extent &extent : spec.shape) {
      int64_t value = extent.value;
      // What does not fit is no extent; -1 cannot be addressed either.
      if (extent.kind == Extent::Kind::OfInput &&
          __builtin_add_overflow(inputs[extent.input][extent.dim],
                                 int64_t(extent.offset), &value))
        value = -1;
      shape.push_back(value);
    }
    if (!elementCount(shape))
      return "output '" + spec.name + "' of function '" + function.name +
             "' would have the shape [" + joinInts(shape) +
             "], whose size cannot be addressed";
    outputs.push_back(std::move(shape));
  }
  return std::nullopt;
}
