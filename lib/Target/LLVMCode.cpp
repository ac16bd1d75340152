//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Translation of LLVM-dialect modules to optimised LLVM IR, assembly and objects.
//
//===----------------------------------------------------------------------===//
#include "LLVMCode.h"

#include "spnn/Cost/Cpu.h"
#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace spnn;

void target::registerTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerOpenMPDialectTranslation(registry);
}

static std::unique_ptr<llvm::TargetMachine> createMachine(const cost::Cpu &cpu, std::string &message) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget)
    return nullptr;
  llvm::TargetOptions options;
  return std::unique_ptr<llvm::TargetMachine>(
      llvmTarget->createTargetMachine(triple, cpu.name, cpu.features, options, llvm::Reloc::PIC_, std::nullopt,
                                      llvm::CodeGenOptLevel::Aggressive));
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

target::Error target::LLVMCode::build(ModuleOp module, EmitProgress progress) {
  progress("translating to LLVM IR");
  auto targetAttr = module->getAttrOfType<TargetAttr>(kTargetAttrName);
  cost::Cpu cpu;
  if (Error error = cost::resolveCpu(targetAttr ? targetAttr.getCpu() : StringRef("native"), cpu))
    return error;
  // Attributes of the compiler's own mean nothing to the translation.
  OwningOpRef<ModuleOp> copy = module.clone();
  (*copy)->removeAttr(kTargetAttrName);
  llvm::StringMap<DenseElementsAttr> machineCode;
  copy->walk([&](LLVM::LLVMFuncOp function) {
    if (auto code = function->getAttrOfType<DenseElementsAttr>(kCodeAttrName))
      machineCode[function.getName()] = code;
  });
  copy->walk([](Operation *op) {
    for (NamedAttribute attr : llvm::to_vector(op->getDiscardableAttrs()))
      if (attr.getName().strref().starts_with("spnn."))
        op->removeDiscardableAttr(attr.getName());
    if (auto function = dyn_cast<FunctionOpInterface>(op))
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        for (NamedAttribute attr : llvm::to_vector(function.getArgAttrs(i)))
          if (attr.getName().strref().starts_with("spnn."))
            function.removeArgAttr(i, attr.getName());
  });
  std::string reason;
  {
    ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
      if (reason.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
        reason = diagnostic.str();
      return success();
    });
    llvmModule = translateModuleToLLVMIR(*copy, llvmContext, "spnn_model");
  }
  if (!llvmModule)
    return "the module is not in the LLVM dialect" + (reason.empty() ? "" : ": " + reason) +
           " (run a pipeline such as --spnn-cpu first)";
  for (auto &[name, code] : machineCode) {
    // LLVM puts a prologue at the entry as it is; the function's own body is never reached.
    llvm::Function *function = llvmModule->getFunction(name);
    ArrayRef<char> bytes = code.getRawData();
    function->setPrologueData(llvm::ConstantDataArray::get(
        llvmContext, ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size())));
    function->setAlignment(llvm::Align(64));
    function->setDoesNotThrow();
  }
  machine = createMachine(cpu, reason);
  if (!machine)
    return "LLVM cannot generate code for this machine: " + reason;
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *llvmModule) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", cpu.name);
    if (!cpu.features.empty())
      function.addFnAttr("target-features", cpu.features);
    // Kernels choose the vector width themselves; LLVM must not halve it.
    function.addFnAttr("prefer-vector-width", std::to_string(cpu.vectorBytes * 8));
  }
  progress("optimising");
  optimize(*llvmModule, *machine);
  return std::nullopt;
}

bool target::LLVMCode::uses(StringRef symbol) const {
  llvm::Function *function = llvmModule->getFunction(symbol);
  return function && !function->use_empty();
}

void target::LLVMCode::print(llvm::raw_ostream &os) const { llvmModule->print(os, nullptr); }

target::Error target::LLVMCode::generate(llvm::raw_pwrite_stream &os, bool object) const {
  llvm::legacy::PassManager codegen;
  auto type = object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(codegen, os, nullptr, type))
    return "LLVM's target " + machine->getTargetTriple().str() + " emits no such file";
  codegen.run(*llvmModule);
  return std::nullopt;
}
