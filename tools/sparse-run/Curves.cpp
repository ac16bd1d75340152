//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CSV and SVG of loss and accuracy.
//
//===----------------------------------------------------------------------===//
#include "Curves.h"
#include "Table.h"

#include <cmath>
#include <functional>

using namespace spnn::run;

std::string spnn::run::printCurvesCsv(const std::vector<Epoch> &epochs) {
  std::string text = "epoch,milliseconds,loss,train_loss,train_accuracy,validation_loss,validation_accuracy,test_loss,"
                     "test_accuracy\n";
  for (const Epoch &epoch : epochs) {
    text += std::to_string(epoch.number) + "," + number(epoch.seconds * 1e3, "%.6g") + "," + number(epoch.loss, "%.8g");
    for (const Metrics *metrics : {&epoch.train, &epoch.validation, &epoch.test})
      text += epoch.isEvaluated ? "," + number(metrics->loss, "%.8g") + "," + number(metrics->accuracy, "%.6g") : ",,";
    text += "\n";
  }
  return text;
}

namespace {

struct Curve {
  std::string name;
  const char *colour;
  std::vector<std::pair<double, double>> points;
};

/// One diagram with axes, marks and names of curves, its upper left corner at (left, top).
class Diagram {
public:
  Diagram(double left, double top, std::string title) : left(left), top(top), title(std::move(title)) {}
  std::vector<Curve> curves;
  std::string draw() const;

private:
  static constexpr double width = 400, height = 260;
  double left, top;
  std::string title;
};

std::string coordinate(double value) { return number(value, "%.1f"); }

std::string text(double x, double y, const std::string &content, const std::string &style) {
  std::string escaped;
  for (char c : content)
    escaped += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" " + style + ">" + escaped + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string &colour) {
  return "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) + "\" y2=\"" +
         coordinate(y2) + "\" stroke=\"" + colour + "\"/>\n";
}

/// The step of 1, 2 or 5 times a power of ten that gives `range` at most six marks.
double markStep(double range) {
  double power = std::pow(10, std::floor(std::log10(range / 6)));
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (range / (factor * power) <= 6)
      return factor * power;
  return 10 * power;
}

std::string Diagram::draw() const {
  double maxX = 1, maxY = 0;
  for (const Curve &curve : curves)
    for (auto [x, y] : curve.points) {
      maxX = std::max(maxX, x);
      maxY = std::max(maxY, y);
    }
  if (maxY <= 0)
    maxY = 1;
  auto toX = [&](double x) { return left + x / maxX * width; };
  auto toY = [&](double y) { return top + height - y / maxY * height; };
  std::string svg = text(left, top - 12, title, "font-weight=\"bold\"");
  double stepY = markStep(maxY), stepX = std::max(1.0, markStep(maxX));
  for (double y = 0; y <= maxY * 1.0001; y += stepY) {
    svg += line(left, toY(y), left + width, toY(y), y == 0 ? "#444" : "#ddd");
    svg += text(left - 6, toY(y) + 4, number(y, "%.4g"), "text-anchor=\"end\"");
  }
  for (double x = 0; x <= maxX * 1.0001; x += stepX) {
    svg += line(toX(x), top + height, toX(x), top + height + 4, "#444");
    svg += text(toX(x), top + height + 18, number(x, "%.4g"), "text-anchor=\"middle\"");
  }
  svg += line(left, top, left, top + height, "#444");
  svg += text(left + width / 2, top + height + 36, "epoch", "text-anchor=\"middle\"");
  double legend = left;
  for (const Curve &curve : curves) {
    svg += std::string("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"") + curve.colour + "\" points=\"";
    for (auto [x, y] : curve.points)
      svg += coordinate(toX(x)) + "," + coordinate(toY(y)) + " ";
    svg += "\"/>\n";
    svg += line(legend, top + height + 52, legend + 18, top + height + 52, curve.colour);
    svg += text(legend + 22, top + height + 56, curve.name, "");
    legend += 100;
  }
  return svg;
}

} // namespace

std::string spnn::run::drawCurves(const std::vector<Epoch> &epochs, const std::string &title) {
  Diagram loss(60, 60, "loss"), accuracy(540, 60, "accuracy, %");
  using Get = std::function<double(const Epoch &)>;
  auto add = [&](Diagram &diagram, const char *name, const char *colour, bool isEvaluated, const Get &get) {
    Curve curve{name, colour, {}};
    for (const Epoch &epoch : epochs) {
      double value = epoch.isEvaluated || !isEvaluated ? get(epoch) : NAN;
      if (std::isfinite(value))
        curve.points.emplace_back(epoch.number, value);
    }
    if (!curve.points.empty())
      diagram.curves.push_back(std::move(curve));
  };
  add(loss, "training", "#1f77b4", false, [](const Epoch &e) { return e.loss; });
  add(loss, "validation", "#d95f02", true, [](const Epoch &e) { return e.validation.loss; });
  add(accuracy, "training", "#1f77b4", true, [](const Epoch &e) { return 100 * e.train.accuracy; });
  add(accuracy, "validation", "#d95f02", true, [](const Epoch &e) { return 100 * e.validation.accuracy; });
  add(accuracy, "test", "#1b9e77", true, [](const Epoch &e) { return 100 * e.test.accuracy; });
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"980\" height=\"400\" font-family=\"sans-serif\" "
         "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" +
         text(60, 24, title, "font-size=\"14\"") + loss.draw() + accuracy.draw() + "</svg>\n";
}
