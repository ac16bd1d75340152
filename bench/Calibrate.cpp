#include "Suites.h"
int spnn::bench::calibrate(const CalibrateOptions &options) { return 1; }
int spnn::bench::checkCalibration(const std::string &file, const std::string &cpu) { return 1; }
