//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loop over epochs and seeds.
//
//===----------------------------------------------------------------------===//
#include "Train.h"
#include "Table.h"
#include "TrainStep.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace spnn;
using namespace spnn::run;

bool EarlyStopping::improves(const Epoch &epoch) {
  bool lower = epoch.validation.loss <= loss, higher = epoch.validation.accuracy >= accuracy;
  bool strictlyLower = epoch.validation.loss<loss, strictlyHigher = epoch.validation.accuracy> accuracy;
  bool better = on == Options::StopOn::Loss       ? strictlyLower
                : on == Options::StopOn::Accuracy ? strictlyHigher
                                                  : lower && higher;
  if (better || (on == Options::StopOn::Both && (lower || higher)))
    last = epoch.number;
  loss = std::min(loss, epoch.validation.loss);
  accuracy = std::max(accuracy, epoch.validation.accuracy);
  return better;
}

namespace {

/// One training from first values to the end.
struct Trial {
  uint64_t seed = 0;
  std::vector<Epoch> epochs;
  Epoch chosen; ///< the epoch that counts: the best with early stopping, else the last
  std::vector<double> sortedTimes() const {
    std::vector<double> times;
    for (const Epoch &epoch : epochs)
      times.push_back(epoch.seconds);
    std::sort(times.begin(), times.end());
    return times;
  }
};

double median(const std::vector<double> &sorted) { return sorted.empty() ? NAN : sorted[sorted.size() / 2]; }

class Training {
public:
  Training(const runtime::Model &model, const Options &options, Progress &progress)
      : model(model), options(options), progress(progress) {}
  Error open();
  Error runTrial(Trial &trial);
  std::string printReport() const;
  std::string printJson() const;

  std::vector<Trial> trials;
  std::vector<numpy::NamedArray> parameters; ///< of the chosen epoch of the last trial
  bool evaluates = false;

private:
  Error evaluate(Epoch &epoch);
  Error keepParameters();

  const runtime::Model &model;
  const Options &options;
  Progress &progress;
  TrainingData data;
  runtime::Context context;
  TrainStep step;
  std::vector<Tensor> predictions;
  runtime::Call readers[2];
};

Error Training::open() {
  std::string name = options.function.empty() ? "train_step" : options.function;
  const runtime::FunctionSpec *function = model.description().find(name);
  if (!function)
    return "'" + options.model + "' has no function '" + name +
           "' to train with; sparse-opt --spnn-differentiate=\"mode=train-step\" makes one";
  if (!options.data.empty())
    if (Error error = data.read(options.data, options.split))
      return error;
  for (const std::string &sentence : data.warnings())
    std::fprintf(stderr, "sparse-run: warning: %s\n", sentence.c_str());
  if (Error error = model.createContext(options.threads, context))
    return error;
  if (Error error = step.open(model, *function, options, data))
    return error;
  const runtime::FunctionSpec *predict = model.description().find("predict");
  evaluates = predict && !data.labels().empty() && !data.sets().train.empty();
  if (options.patience > 0 && (!evaluates || data.sets().validation.empty()))
    return "--patience needs a function 'predict', and classes and a validation set in --data";
  if (!evaluates)
    return std::nullopt;
  if (Error error = step.bindReader(model, *predict, predictions, readers))
    return error;
  int32_t classes = *std::max_element(data.labels().begin(), data.labels().end()) + 1;
  if (predictions.empty() || predictions[0].shape.size() != 2 || !isFloat(predictions[0].dtype) ||
      predictions[0].shape[0] != static_cast<int64_t>(data.labels().size()) || predictions[0].shape[1] < classes)
    return "the first result of function 'predict' has no row for each of the " + std::to_string(data.labels().size()) +
           " labels with a column for each of " + std::to_string(classes) + " classes";
  return std::nullopt;
}

Error Training::evaluate(Epoch &epoch) {
  if (Error error = readers[step.current()].run(context))
    return error;
  epoch.isEvaluated = true;
  epoch.train = measure(predictions[0], data.labels(), data.sets().train);
  epoch.validation = measure(predictions[0], data.labels(), data.sets().validation);
  epoch.test = measure(predictions[0], data.labels(), data.sets().test);
  return std::nullopt;
}

Error Training::keepParameters() {
  parameters.clear();
  if (!options.saveParameters.empty())
    for (const Tensor *tensor : step.parameters())
      parameters.push_back({tensor->name, toArray(*tensor)});
  return std::nullopt;
}

Error Training::runTrial(Trial &trial) {
  if (Error error = step.reset(trial.seed))
    return error;
  EarlyStopping stopping(options.stopOn, options.patience);
  for (int64_t number = 1; number <= options.epochs && !stopping.ends(number - 1); ++number) {
    Epoch epoch;
    epoch.number = number;
    if (Error error = step.run(context, epoch.seconds))
      return "epoch " + std::to_string(number) + ": " + *error;
    epoch.loss = step.loss();
    if (evaluates && (number % options.evalEvery == 0 || number == options.epochs)) {
      if (Error error = evaluate(epoch))
        return "epoch " + std::to_string(number) + ": " + *error;
      if (options.patience > 0 && stopping.improves(epoch)) {
        trial.chosen = epoch;
        if (Error error = keepParameters())
          return error;
      }
    }
    trial.epochs.push_back(epoch);
    std::string text = (options.repeat > 1 ? "seed " + std::to_string(trial.seed) + ", " : std::string()) + "epoch " +
                       std::to_string(number) + " of " + std::to_string(options.epochs) + ", loss " +
                       ::number(epoch.loss);
    progress.update(epoch.isEvaluated ? text + ", validation " + ::number(100 * epoch.validation.accuracy, "%.1f %%")
                                      : text);
  }
  if (options.patience == 0) {
    trial.chosen = trial.epochs.back();
    if (Error error = keepParameters())
      return error;
  }
  return std::nullopt;
}

struct Spread {
  double mean = 0, deviation = 0;
};

/// The mean and the standard deviation of a sample.
Spread spreadOf(const std::vector<double> &values) {
  Spread spread;
  for (double value : values)
    spread.mean += value / static_cast<double>(values.size());
  for (double value : values)
    spread.deviation += (value - spread.mean) * (value - spread.mean);
  spread.deviation = values.size() > 1 ? std::sqrt(spread.deviation / static_cast<double>(values.size() - 1)) : 0;
  return spread;
}

std::string percent(double share) { return number(100 * share, "%.2f"); }
std::string milliseconds(double value) { return number(value * 1e3); }

std::string Training::printReport() const {
  int64_t count = 0, elements = 0;
  for (const Tensor *tensor : step.parameters()) {
    ++count;
    elements += tensor->size;
  }
  std::string text = "trained " + options.model + ", by " + model.description().producer + " for " +
                     model.description().target + ", " +
                     (options.threads > 0 ? std::to_string(options.threads) : std::string("all")) +
                     (options.threads == 1 ? " thread" : " threads") + "; " + std::to_string(elements) +
                     " parameters in " + std::to_string(count) + (count == 1 ? " tensor\n\n" : " tensors\n\n");
  Table table(0);
  std::vector<std::string> head = {"seed", "epochs", options.patience > 0 ? "best epoch" : "at epoch", "loss"};
  for (const char *name : {"train %", "validation %", "test %"})
    if (evaluates)
      head.push_back(name);
  for (const char *name : {"epoch ms", "min", "max"})
    head.push_back(name);
  table.add(head);
  std::vector<double> train, validation, test, medians;
  for (const Trial &trial : trials) {
    std::vector<double> times = trial.sortedTimes();
    std::vector<std::string> row = {std::to_string(trial.seed), std::to_string(trial.epochs.size()),
                                    std::to_string(trial.chosen.number), number(trial.chosen.loss)};
    if (evaluates) {
      row.push_back(percent(trial.chosen.train.accuracy));
      row.push_back(percent(trial.chosen.validation.accuracy));
      row.push_back(percent(trial.chosen.test.accuracy));
    }
    row.insert(row.end(), {milliseconds(median(times)), milliseconds(times.front()), milliseconds(times.back())});
    table.add(row);
    train.push_back(trial.chosen.train.accuracy);
    validation.push_back(trial.chosen.validation.accuracy);
    test.push_back(trial.chosen.test.accuracy);
    medians.push_back(median(times));
  }
  if (trials.size() > 1) {
    std::vector<std::string> mean = {"mean", "", "", ""}, deviation = {"deviation", "", "", ""};
    for (const std::vector<double> *values : {&train, &validation, &test})
      if (evaluates) {
        mean.push_back(percent(spreadOf(*values).mean));
        deviation.push_back(percent(spreadOf(*values).deviation));
      }
    mean.push_back(milliseconds(spreadOf(medians).mean));
    deviation.push_back(milliseconds(spreadOf(medians).deviation));
    table.add(mean);
    table.add(deviation);
  }
  return text + table.print();
}

std::string Training::printJson() const {
  using Json = nlohmann::ordered_json;
  Json json;
  json["model"] = options.model;
  json["producer"] = model.description().producer;
  json["target"] = model.description().target;
  json["threads"] = options.threads;
  json["arena_bytes"] = context.arenaBytes();
  Json list = Json::array();
  std::vector<double> test;
  for (const Trial &trial : trials) {
    std::vector<double> times = trial.sortedTimes();
    Json item = {{"seed", trial.seed},
                 {"epochs", trial.epochs.size()},
                 {"chosen_epoch", trial.chosen.number},
                 {"loss", trial.chosen.loss},
                 {"epoch_seconds", {{"median", median(times)}, {"min", times.front()}, {"max", times.back()}}}};
    if (evaluates) {
      item["accuracy"] = {{"train", trial.chosen.train.accuracy},
                          {"validation", trial.chosen.validation.accuracy},
                          {"test", trial.chosen.test.accuracy}};
      test.push_back(trial.chosen.test.accuracy);
    }
    list.push_back(std::move(item));
  }
  json["trainings"] = std::move(list);
  if (!test.empty())
    json["test_accuracy"] = {{"mean", spreadOf(test).mean}, {"deviation", spreadOf(test).deviation}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

Error spnn::run::train(const runtime::Model &model, const Options &options, Progress &progress,
                       const std::function<Error(const std::string &, const std::string &)> &write) {
  Training training(model, options, progress);
  if (Error error = training.open())
    return error;
  for (int64_t k = 0; k < options.repeat; ++k) {
    Trial &trial = training.trials.emplace_back();
    trial.seed = options.seed + static_cast<uint64_t>(k);
    if (Error error = training.runTrial(trial))
      return error;
  }
  progress.clear();
  // Files hold the last training.
  const Trial &last = training.trials.back();
  if (!options.curves.empty())
    if (Error error = write(options.curves, printCurvesCsv(last.epochs)))
      return error;
  if (!options.svg.empty())
    if (Error error =
            write(options.svg, drawCurves(last.epochs, options.model + ", seed " + std::to_string(last.seed))))
      return error;
  if (!options.saveParameters.empty())
    if (Error error = numpy::writeNpz(options.saveParameters, training.parameters))
      return error;
  if (!options.json.empty())
    if (Error error = write(options.json, training.printJson()))
      return error;
  if (!options.quiet && options.json != "-")
    return write("-", training.printReport());
  return std::nullopt;
}
