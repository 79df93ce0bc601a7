using System.CommandLine;
using System.Globalization;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Network;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Net;

/// <summary>What pyco-net's commands have in common.</summary>
internal static class NetArguments
{
    public static Argument<string?> Path() => new("PATH")
    {
        Description = "The network's control directory. Default: $VDE_SWITCH, else the user's default network.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Option<bool> Json() => Switch("--json", null, "Write JSON.");

    public static Option<bool> Switch(string name, string? shortName, string description) =>
        new(name, shortName is null ? [] : [shortName]) { Description = description, Arity = ArgumentArity.Zero };

    public static Option<string?> Text(string name, string? shortName, string value, string description) =>
        new(name, shortName is null ? [] : [shortName]) { HelpName = value, Description = description };

    /// <summary>The machine's own address on a network, or any host's.</summary>
    /// <exception cref="LaunchException">No host can have it.</exception>
    public static IpPrefix CheckHost(IpPrefix own)
    {
        if (!own.Address.CanBeOfHost)
            throw LaunchException.Mistake($"{own.Address} cannot be the address of a host");
        return AddressCheck.FindFault([own], null) is { } fault ? throw LaunchException.Mistake(fault) : own;
    }

    /// <summary>A whole number of an option, or null if it was not given.</summary>
    /// <exception cref="LaunchException">It is none, or not in the range.</exception>
    public static long? ReadNumber(string? text, string what, long least, long most)
    {
        if (text is null)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw LaunchException.Mistake($"'{text}' is not {what}: a number from {least} to {most}");
    }

    /// <summary>A length of time of an option in seconds.</summary>
    /// <exception cref="LaunchException">It is none, or below the least.</exception>
    public static TimeSpan ReadSeconds(string? text, double standard, double least)
    {
        const double most = 86_400;
        if (text is null)
            return TimeSpan.FromSeconds(standard);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) &&
            seconds >= least && seconds <= most
            ? TimeSpan.FromSeconds(seconds)
            : throw LaunchException.Mistake(string.Create(
                CultureInfo.InvariantCulture, $"'{text}' is not a time in seconds: a number from {least} to {most}"));
    }

    /// <summary>The network that is meant, absolute.</summary>
    /// <exception cref="LaunchException">None can be meant.</exception>
    public static string PathOf(string? text)
    {
        if (text is null)
            return UsualPath();
        // The parser takes what it does not know for the path; ./-x names a folder that begins so.
        if (text.StartsWith('-'))
            throw LaunchException.Mistake($"unknown option '{text}'");
        if (!VnlLocator.TryParse(text, out VnlLocator? network, out string? error))
            throw LaunchException.Mistake(error);
        return network.Port == 0
            ? AbsolutePath.Of(network.Path)
            : throw LaunchException.Mistake($"'{text}' names port {network.Port} of {network.Path}: name the network alone");
    }

    /// <summary>A port in the variable is for who plugs in, and the network is the same.</summary>
    private static string UsualPath()
    {
        if (Environment.GetEnvironmentVariable(VnlLocator.EnvironmentVariable) is not { Length: > 0 } chosen)
            return RuntimeFolder.DefaultNetwork(Environment.GetEnvironmentVariable);
        return VnlLocator.TryParse(chosen, out VnlLocator? network, out string? error)
            ? AbsolutePath.Of(network.Path)
            : throw new LaunchException($"${VnlLocator.EnvironmentVariable} names no network: {error}");
    }

    /// <param name="path">Where.</param>
    /// <param name="isToEnd">True for who wants it to end, and so has no use for starting it.</param>
    /// <exception cref="LaunchException">No network of ours runs there.</exception>
    public static NetworkClient Connect(string path, bool isToEnd = false) =>
        NetworkClient.TryConnect(path) ??
        throw new LaunchException(
            NetworkClient.Exists(path) ? DescribeKilled(path)
            : File.Exists($"{path}/ctl") ? $"the switch at {path} is not one of pyco-net's"
            : isToEnd ? $"no network runs at {path}"
            : $"no network runs at {path}: start it with pyco-net start {path}");

    /// <summary>What to say of a network whose files are there, and whose process is not.</summary>
    private static string DescribeKilled(string path) =>
        $"the network at {path} was killed: pyco-net log {path} shows its last words, start begins it anew, stop removes its files";

    /// <summary>Asks the network that is meant, and gives the whole answer.</summary>
    public static string Ask(string path, string verb)
    {
        using NetworkClient network = Connect(path);
        network.Ask(verb);
        return network.ReadToEnd();
    }
}
