namespace Pyco.Host;

/// <summary>How much is said on the user's stderr.</summary>
public enum Verbosity
{
    /// <summary>Errors only.</summary>
    Quiet,

    /// <summary>Errors, and what the user has to know: the switch is gone, or back.</summary>
    Normal,

    /// <summary>Addresses and events too.</summary>
    Verbose,
}
