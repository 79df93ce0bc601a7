namespace Pyco.Cli;

/// <summary>The names that the one binary is called by.</summary>
internal static class Names
{
    public const string Pyco = "pyco";
    public const string PycoRun = "pyco-run";
    public const string PycoNet = "pyco-net";
    public const string PycoWrapper = "pyco-wrapper";
    public const string PycoVdeSetup = "pyco-vde-setup";
}
