using System.CommandLine;
using Pyco.Network;
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

    public static Option<bool> Json() => new("--json") { Description = "Write JSON.", Arity = ArgumentArity.Zero };

    /// <summary>The network that is meant, absolute.</summary>
    public static string PathOf(string? text)
    {
        text ??= Environment.GetEnvironmentVariable(VnlLocator.EnvironmentVariable) is { Length: > 0 } chosen
            ? chosen
            : RuntimeFolder.DefaultNetwork(Environment.GetEnvironmentVariable);
        if (!VnlLocator.TryParse(text, out VnlLocator? network, out string? error))
            throw new LaunchException(error);
        return System.IO.Path.GetFullPath(network.Path);
    }

    /// <exception cref="LaunchException">No network of ours runs there.</exception>
    public static NetworkClient Connect(string path) =>
        NetworkClient.TryConnect(path) ??
        throw new LaunchException(File.Exists($"{path}/ctl")
            ? $"the switch at {path} is not one of pyco-net's"
            : $"no network runs at {path}: start it with pyco-net start {path}");
}
