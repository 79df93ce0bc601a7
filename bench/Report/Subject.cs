namespace Pyco.Bench.Report;

/// <summary>Whose value a figure has.</summary>
internal enum Subject
{
    /// <summary>Our hosts on a network of ours.</summary>
    Own,

    /// <summary>Our hosts on a stock VDE switch.</summary>
    Stock,

    /// <summary>Linux's hosts (network namespaces) on a bridge of Linux's.</summary>
    Veth,

    /// <summary>Linux's hosts with TAPs on a stock VDE switch.</summary>
    Tap,

    /// <summary>Frames without any host, on the stock VDE switch.</summary>
    Raw,
}
