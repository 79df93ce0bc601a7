using Pyco.Cli.Host;
using Pyco.Cli.Startup;
using Pyco.Network;

namespace Pyco.Cli.Net;

/// <summary>The process that holds a network.</summary>
internal static class NetworkRole
{
    public const string Name = "network";

    /// <summary>How long to wait for a network that somebody else is just starting.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

    /// <summary>Starts a network.</summary>
    /// <returns>Its process.</returns>
    /// <exception cref="LaunchException">It did not come up.</exception>
    public static string Start(NetworkOptions options, ProgramEnvironment environment) =>
        DetachedProcess.Start(Name, "network", options.Write(), environment);

    /// <summary>Connects to the user's default network, which is started if it does not run.</summary>
    /// <exception cref="IOException">There is none, and none can be started.</exception>
    public static NetworkClient ConnectOrStart(string path, ProgramEnvironment environment)
    {
        if (NetworkClient.TryConnect(path) is { } running)
            return running;
        RuntimeFolder.Ensure(Environment.GetEnvironmentVariable);
        LaunchException? failure = null;
        try
        {
            Start(new NetworkOptions { Path = path, EndsWhenEmpty = true }, environment);
        }
        catch (LaunchException reason)
        {
            failure = reason; // perhaps another pyco-run was faster
        }
        DateTime end = DateTime.UtcNow + StartPatience;
        while (true)
        {
            if (NetworkClient.TryConnect(path) is { } started)
                return started;
            if (failure is { Message: var message } && (DateTime.UtcNow > end || !message.Contains("already", StringComparison.Ordinal)))
                throw failure;
            Thread.Sleep(5);
        }
    }

    public static int Run(ProgramEnvironment environment)
    {
        NetworkOptions options = DetachedProcess.TakeOrder(Name, NetworkOptions.Read);
        DetachedProcess.LetGo();
        using IDisposable guard = NetworkGuard.Start(environment);
        return NetworkProcess.Run(options, Descriptors.Ready, Environment.GetEnvironmentVariable);
    }
}
