using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>What is measured, on our hosts and on the kernel's in the same run.</summary>
internal interface IMeasure
{
    /// <summary>The word that picks it on the command line.</summary>
    string Name { get; }

    /// <summary>Takes the measure.</summary>
    IReadOnlyList<Figure> Run(Laboratory laboratory);
}
