; ModuleID = 'LLVMDialectModule'
source_filename = "LLVMDialectModule"

define { ptr, ptr, i64, [2 x i64], [2 x i64] } @sparsifier_patched(ptr noalias %0, ptr noalias %1, i64 %2, i64 %3, i64 %4, ptr noalias %5, ptr noalias %6, i64 %7, i64 %8, i64 %9, ptr noalias %10, ptr noalias %11, i64 %12, i64 %13, i64 %14, ptr noalias %15, ptr noalias %16, i64 %17, i64 %18, i64 %19, i64 %20, i64 %21, ptr noalias %22, ptr noalias %23, i64 %24, i64 %25, i64 %26, i64 %27, i64 %28) {
  %30 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } poison, ptr %15, 0
  %31 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %30, ptr %16, 1
  %32 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %31, i64 %17, 2
  %33 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %32, i64 %18, 3, 0
  %34 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, i64 %20, 4, 0
  %35 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %34, i64 %19, 3, 1
  %36 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %35, i64 %21, 4, 1
  %37 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } poison, ptr %22, 0
  %38 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %37, ptr %23, 1
  %39 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %38, i64 %24, 2
  %40 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %39, i64 %25, 3, 0
  %41 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %40, i64 %27, 4, 0
  %42 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %41, i64 %26, 3, 1
  %43 = insertvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %42, i64 %28, 4, 1
  %44 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %5, 0
  %45 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %44, ptr %6, 1
  %46 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %45, i64 %7, 2
  %47 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %46, i64 %8, 3, 0
  %48 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %47, i64 %9, 4, 0
  %49 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %10, 0
  %50 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %49, ptr %11, 1
  %51 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %50, i64 %12, 2
  %52 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %51, i64 %13, 3, 0
  %53 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %52, i64 %14, 4, 0
  %54 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %0, 0
  %55 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %54, ptr %1, 1
  %56 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %55, i64 %2, 2
  %57 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %56, i64 %3, 3, 0
  %58 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %57, i64 %4, 4, 0
  %59 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 1
  %60 = getelementptr inbounds nuw i32, ptr %59, i64 768
  %61 = load i32, ptr %60, align 4
  %62 = zext i32 %61 to i64
  %63 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %53, 0
  %64 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %53, 1
  %65 = insertvalue { ptr, ptr, i64 } poison, ptr %63, 0
  %66 = insertvalue { ptr, ptr, i64 } %65, ptr %64, 1
  %67 = insertvalue { ptr, ptr, i64 } %66, i64 0, 2
  %68 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %53, 2
  %69 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %53, 3, 0
  %70 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %53, 4, 0
  %71 = extractvalue { ptr, ptr, i64 } %67, 0
  %72 = extractvalue { ptr, ptr, i64 } %67, 1
  %73 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %71, 0
  %74 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %73, ptr %72, 1
  %75 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %74, i64 0, 2
  %76 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %75, i64 %62, 3, 0
  %77 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %76, i64 1, 4, 0
  %78 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 0
  %79 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 1
  %80 = insertvalue { ptr, ptr, i64 } poison, ptr %78, 0
  %81 = insertvalue { ptr, ptr, i64 } %80, ptr %79, 1
  %82 = insertvalue { ptr, ptr, i64 } %81, i64 0, 2
  %83 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 2
  %84 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 3, 0
  %85 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %58, 4, 0
  %86 = extractvalue { ptr, ptr, i64 } %82, 0
  %87 = extractvalue { ptr, ptr, i64 } %82, 1
  %88 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %86, 0
  %89 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %88, ptr %87, 1
  %90 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %89, i64 0, 2
  %91 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %90, i64 769, 3, 0
  %92 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %91, i64 1, 4, 0
  %93 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %48, 0
  %94 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %48, 1
  %95 = insertvalue { ptr, ptr, i64 } poison, ptr %93, 0
  %96 = insertvalue { ptr, ptr, i64 } %95, ptr %94, 1
  %97 = insertvalue { ptr, ptr, i64 } %96, i64 0, 2
  %98 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %48, 2
  %99 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %48, 3, 0
  %100 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %48, 4, 0
  %101 = extractvalue { ptr, ptr, i64 } %97, 0
  %102 = extractvalue { ptr, ptr, i64 } %97, 1
  %103 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } poison, ptr %101, 0
  %104 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %103, ptr %102, 1
  %105 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %104, i64 0, 2
  %106 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %105, i64 %62, 3, 0
  %107 = insertvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %106, i64 1, 4, 0
  br label %108

108:                                              ; preds = %157, %29
  %109 = phi i64 [ %158, %157 ], [ 0, %29 ]
  %110 = icmp slt i64 %109, 768
  br i1 %110, label %111, label %159

111:                                              ; preds = %108
  %112 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %92, 1
  %113 = getelementptr inbounds nuw i32, ptr %112, i64 %109
  %114 = load i32, ptr %113, align 4
  %115 = zext i32 %114 to i64
  %116 = add i64 %109, 1
  %117 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %92, 1
  %118 = getelementptr inbounds nuw i32, ptr %117, i64 %116
  %119 = load i32, ptr %118, align 4
  %120 = zext i32 %119 to i64
  br label %121

121:                                              ; preds = %155, %111
  %122 = phi i64 [ %156, %155 ], [ %115, %111 ]
  %123 = icmp slt i64 %122, %120
  br i1 %123, label %124, label %157

124:                                              ; preds = %121
  %125 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %107, 1
  %126 = getelementptr inbounds nuw i32, ptr %125, i64 %122
  %127 = load i32, ptr %126, align 4
  %128 = zext i32 %127 to i64
  %129 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %77, 1
  %130 = getelementptr inbounds nuw float, ptr %129, i64 %122
  %131 = load float, ptr %130, align 4
  br label %132

132:                                              ; preds = %135, %124
  %133 = phi i64 [ %154, %135 ], [ 0, %124 ]
  %134 = icmp slt i64 %133, 64
  br i1 %134, label %135, label %155

135:                                              ; preds = %132
  %136 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %43, 1
  %137 = mul i64 %109, 64
  %138 = add i64 %137, %133
  %139 = getelementptr float, ptr %136, i64 %138
  %140 = load <16 x float>, ptr %139, align 4
  %141 = insertelement <16 x float> poison, float %131, i32 0
  %142 = shufflevector <16 x float> %141, <16 x float> poison, <16 x i32> zeroinitializer
  %143 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %36, 1
  %144 = mul i64 %128, 64
  %145 = add i64 %144, %133
  %146 = getelementptr float, ptr %143, i64 %145
  %147 = load <16 x float>, ptr %146, align 4
  %148 = fmul contract <16 x float> %142, %147
  %149 = fadd contract <16 x float> %140, %148
  %150 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %43, 1
  %151 = mul i64 %109, 64
  %152 = add i64 %151, %133
  %153 = getelementptr float, ptr %150, i64 %152
  store <16 x float> %149, ptr %153, align 4
  %154 = add i64 %133, 16
  br label %132

155:                                              ; preds = %132
  %156 = add i64 %122, 1
  br label %121

157:                                              ; preds = %121
  %158 = add i64 %109, 1
  br label %108

159:                                              ; preds = %108
  ret { ptr, ptr, i64, [2 x i64], [2 x i64] } %43
}

define void @_mlir_ciface_sparsifier_patched(ptr %0, ptr %1, ptr %2, ptr %3, ptr %4, ptr %5) {
  %7 = load { ptr, ptr, i64, [1 x i64], [1 x i64] }, ptr %1, align 8
  %8 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %7, 0
  %9 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %7, 1
  %10 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %7, 2
  %11 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %7, 3, 0
  %12 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %7, 4, 0
  %13 = load { ptr, ptr, i64, [1 x i64], [1 x i64] }, ptr %2, align 8
  %14 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %13, 0
  %15 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %13, 1
  %16 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %13, 2
  %17 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %13, 3, 0
  %18 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %13, 4, 0
  %19 = load { ptr, ptr, i64, [1 x i64], [1 x i64] }, ptr %3, align 8
  %20 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %19, 0
  %21 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %19, 1
  %22 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %19, 2
  %23 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %19, 3, 0
  %24 = extractvalue { ptr, ptr, i64, [1 x i64], [1 x i64] } %19, 4, 0
  %25 = load { ptr, ptr, i64, [2 x i64], [2 x i64] }, ptr %4, align 8
  %26 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 0
  %27 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 1
  %28 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 2
  %29 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 3, 0
  %30 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 3, 1
  %31 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 4, 0
  %32 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %25, 4, 1
  %33 = load { ptr, ptr, i64, [2 x i64], [2 x i64] }, ptr %5, align 8
  %34 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 0
  %35 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 1
  %36 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 2
  %37 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 3, 0
  %38 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 3, 1
  %39 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 4, 0
  %40 = extractvalue { ptr, ptr, i64, [2 x i64], [2 x i64] } %33, 4, 1
  %41 = call { ptr, ptr, i64, [2 x i64], [2 x i64] } @sparsifier_patched(ptr %8, ptr %9, i64 %10, i64 %11, i64 %12, ptr %14, ptr %15, i64 %16, i64 %17, i64 %18, ptr %20, ptr %21, i64 %22, i64 %23, i64 %24, ptr %26, ptr %27, i64 %28, i64 %29, i64 %30, i64 %31, i64 %32, ptr %34, ptr %35, i64 %36, i64 %37, i64 %38, i64 %39, i64 %40)
  store { ptr, ptr, i64, [2 x i64], [2 x i64] } %41, ptr %0, align 8
  ret void
}

!llvm.module.flags = !{!0}

!0 = !{i32 2, !"Debug Info Version", i32 3}
