namespace Pyco.Host.Guarding;

/// <summary>How a process finds a guard.</summary>
/// <param name="FindName">Tells the abstract name where the guard listens that this process may share with others.</param>
/// <param name="Start">Starts one with this name, whose standard input is this descriptor; false if there can be none.</param>
public sealed record GuardOptions(Func<string> FindName, Func<string, int, bool> Start);
