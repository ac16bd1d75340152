//===- Report.cpp - What sparse-run prints --------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The outcome of a run as aligned tables and as JSON.
//
//===----------------------------------------------------------------------===//
#include "Report.h"
#include "Table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace spnn::run;
using spnn::runtime::FunctionSpec;
using spnn::runtime::ModelDescription;
using spnn::runtime::TensorSpec;

namespace {

std::string percent(int64_t part, int64_t whole) {
  return whole == 0 ? "-" : number(100.0 * part / whole, "%.2f %%");
}

/// The place of element `index`, "[2, 7]".
std::string place(const std::vector<int64_t> &shape, int64_t index) {
  std::string text;
  for (size_t dim = shape.size(); dim-- > 0;) {
    text =
        std::to_string(index % shape[dim]) + (text.empty() ? "" : ", ") + text;
    index /= shape[dim];
  }
  return "[" + text + "]";
}

struct Range {
  double min = NAN, max = NAN, mean = NAN;
};

/// NaNs show in the mean only.
Range rangeOf(const Tensor &tensor) {
  Range range;
  double sum = 0;
  for (int64_t i = 0; i < tensor.size; ++i) {
    double value = tensor.get(i);
    range.min = std::fmin(range.min, value);
    range.max = std::fmax(range.max, value);
    sum += value;
  }
  if (tensor.size > 0)
    range.mean = sum / static_cast<double>(tensor.size);
  return range;
}

const Tensor *find(const std::vector<Tensor> &tensors,
                   const std::string &name) {
  for (const Tensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

} // namespace

std::string spnn::run::printTables(const Outcome &outcome) {
  std::string text = "function " + outcome.function + " of " + outcome.model;
  if (outcome.evaluated)
    text += ", reference evaluation in double precision";
  else
    text += ", by " + outcome.producer + " for " + outcome.target + ", " +
            (outcome.threads > 0 ? std::to_string(outcome.threads) : "all") +
            (outcome.threads == 1 ? " thread" : " threads");
  text += "\n\n";

  Table tensors(3);
  tensors.add({"", "name", "type", "min", "mean", "max"});
  auto addTensors = [&](const char *kind, const std::vector<Tensor> &list) {
    for (const Tensor &tensor : list) {
      Range range = rangeOf(tensor);
      bool empty = tensor.size == 0;
      tensors.add({kind, tensor.name,
                   spnn::runtime::typeString(tensor.dtype, tensor.shape),
                   empty ? "-" : number(range.min),
                   empty ? "-" : number(range.mean),
                   empty ? "-" : number(range.max)});
    }
  };
  addTensors("input", *outcome.inputs);
  addTensors("output", *outcome.outputs);
  if (!outcome.inputs->empty() || !outcome.outputs->empty())
    text += tensors.print();

  if (!outcome.comparisons.empty()) {
    Table table(2);
    table.add({"output", "verdict", "abs error", "relative", "tolerance",
               "worst at", "argmax agrees"});
    for (const Comparison &c : outcome.comparisons) {
      const Tensor *output = find(*outcome.outputs, c.name);
      table.add({c.name, c.passes() ? "good" : "WRONG", number(c.maxAbsError),
                 number(c.relativeError()), number(c.tolerance),
                 c.worst < 0 ? "-" : place(output->shape, c.worst),
                 percent(c.agreeingRows, c.rows)});
    }
    text += "\nagainst the reference evaluation of " + outcome.reference +
            "\n\n" + table.print();
  }
  if (outcome.accuracy)
    text += "\naccuracy  " +
            percent(outcome.accuracy->correct, outcome.accuracy->rows) + " (" +
            std::to_string(outcome.accuracy->correct) + " of " +
            std::to_string(outcome.accuracy->rows) + ")\n";
  if (outcome.timing) {
    Table table(0);
    const Timing &timing = *outcome.timing;
    table.add({"median", "min", "max", "runs"});
    table.add({seconds(timing.median), seconds(timing.min), seconds(timing.max),
               std::to_string(timing.repetitions)});
    text += "\n" + table.print();
  }
  return text;
}

std::string spnn::run::printJson(const Outcome &outcome) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["model"] = outcome.model;
  json["function"] = outcome.function;
  json["mode"] = outcome.evaluated ? "reference" : "compiled";
  if (!outcome.evaluated) {
    json["producer"] = outcome.producer;
    json["target"] = outcome.target;
    json["threads"] = outcome.threads;
    json["arena_bytes"] = outcome.arenaBytes;
  }
  auto list = [](const std::vector<Tensor> &tensors) {
    Json result = Json::array();
    for (const Tensor &tensor : tensors) {
      Range range = rangeOf(tensor);
      result.push_back({{"name", tensor.name},
                        {"dtype", spnn::runtime::dtypeName(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"min", range.min},
                        {"mean", range.mean},
                        {"max", range.max}});
    }
    return result;
  };
  json["inputs"] = list(*outcome.inputs);
  json["outputs"] = list(*outcome.outputs);
  if (!outcome.comparisons.empty()) {
    Json comparisons = Json::array();
    for (const Comparison &c : outcome.comparisons)
      comparisons.push_back({{"output", c.name},
                             {"passes", c.passes()},
                             {"max_abs_error", c.maxAbsError},
                             {"max_reference", c.maxReference},
                             {"relative_error", c.relativeError()},
                             {"tolerance", c.tolerance},
                             {"worst_element", c.worst},
                             {"rows", c.rows},
                             {"argmax_agrees", c.agreeingRows}});
    json["reference"] = {{"model", outcome.reference},
                         {"outputs", comparisons}};
  }
  if (outcome.accuracy)
    json["accuracy"] = {{"rows", outcome.accuracy->rows},
                        {"correct", outcome.accuracy->correct}};
  if (outcome.timing)
    json["seconds"] = {{"median", outcome.timing->median},
                       {"min", outcome.timing->min},
                       {"max", outcome.timing->max},
                       {"repetitions", outcome.timing->repetitions}};
  // Names come from files and may hold any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string spnn::run::printDescriptionTable(const std::string &model,
                                             const ModelDescription &text) {
  std::string result =
      model + ", by " + text.producer + " for " + text.target + "\n";
  for (const FunctionSpec &function : text.functions) {
    Table table(3);
    for (const TensorSpec &spec : function.inputs)
      table.add({"  input", spec.name, typeString(spec)});
    for (const TensorSpec &spec : function.outputs)
      table.add({"  output", spec.name, typeString(spec)});
    result += "\nfunction " + function.name + "\n" + table.print();
  }
  return result;
}
