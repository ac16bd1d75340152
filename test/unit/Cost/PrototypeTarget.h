//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target description that does not change with calibrations: prototype kernels on an AMD Zen 5 core.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_UNIT_COST_PROTOTYPETARGET_H
#define SPNN_TEST_UNIT_COST_PROTOTYPETARGET_H

namespace spnn::cost {

inline constexpr char kPrototypeTarget[] = R"json({
  "version": 1,
  "name": "zen5-prototypes",
  "source": "Measured with prototype kernels on one core of an AMD Zen 5 server, uniformly random patterns, 32-bit floats. Estimated, not measured: nm below 0.25 and above 0.75, nm-matvec, parallelRegionMicroseconds.",
  "llvmCpu": "x86-64-v4",
  "vectorBytes": 64,
  "hasFma": true,
  "frequencyGHz": 4.17,
  "fmaPerCycle": 2,
  "cacheBytes": {
    "l1d": 49152,
    "l2": 1048576,
    "l3": 33554432
  },
  "bandwidthGBs": {
    "l1": 530,
    "l2": 190,
    "l3": 100,
    "dram": 36
  },
  "cores": 0,
  "parallelRegionMicroseconds": 3,
  "kernels": {
    "block": {
      "panelVectors": 4,
      "kappa": [
        {"density": 0.05, "cycles": 0.51},
        {"density": 1, "cycles": 0.515}
      ],
      "perRowCycles": 2
    },
    "block-matvec": {
      "perNonzeroMatvecNs": 0.033
    },
    "bitmap-matvec": {
      "perPositionMatvecNs": 0.041
    },
    "csr": {
      "panelVectors": 8,
      "kappa": [
        {"density": 0.05, "cycles": 1.05},
        {"density": 0.1, "cycles": 1.14},
        {"density": 0.2, "cycles": 1.23},
        {"density": 0.3, "cycles": 1.28},
        {"density": 0.5, "cycles": 1.71},
        {"density": 0.7, "cycles": 1.85}
      ],
      "perEntryCycles": 0.6,
      "perRowCycles": 20
    },
    "csr-matvec": {
      "perNonzeroMatvecNs": 0.31
    },
    "dense": {
      "panelVectors": 8,
      "kappa": [
        {"density": 1, "cycles": 0.5}
      ],
      "perEntryCycles": 0.1,
      "perNonzeroMatvecNs": 0.01
    },
    "nm": {
      "panelVectors": 6,
      "kappa": [
        {"density": 0.125, "cycles": 1.1},
        {"density": 0.25, "cycles": 0.92},
        {"density": 0.5, "cycles": 0.53},
        {"density": 0.75, "cycles": 0.51},
        {"density": 1, "cycles": 0.51}
      ],
      "perRowCycles": 2
    },
    "nm-matvec": {
      "perNonzeroMatvecNs": 0.09
    }
  }
}
)json";

} // namespace spnn::cost

#endif // SPNN_TEST_UNIT_COST_PROTOTYPETARGET_H
