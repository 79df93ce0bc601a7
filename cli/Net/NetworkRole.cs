using System.Diagnostics;
using Pyco.Cli.Host;
using Pyco.Cli.Startup;
using Pyco.Network;

namespace Pyco.Cli.Net;

/// <summary>The process that holds a network.</summary>
internal static class NetworkRole
{
    public const string Name = "network";

    /// <summary>How long to wait for a network that somebody else is just starting, or that is just ending.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(15);

    /// <summary>How often to look for it before another attempt to start one.</summary>
    private const int LooksBetweenStarts = 20;

    /// <summary>Starts a network. One that ends when it is empty was asked for by nobody: it is not bound to the processors of its first program.</summary>
    /// <returns>Its process.</returns>
    /// <exception cref="LaunchException">It did not come up.</exception>
    public static string Start(NetworkOptions options, ProgramEnvironment environment) =>
        DetachedProcess.Start(Name, "network", options.Write(), environment, isForOthers: options.EndsWhenEmpty);

    /// <summary>Connects to the user's default network, which is started if it does not run.</summary>
    /// <exception cref="IOException">There is none, and none can be started.</exception>
    public static NetworkClient ConnectOrStart(string path, ProgramEnvironment environment)
    {
        if (NetworkClient.TryConnect(path) is { } running)
            return running;
        RuntimeFolder.Ensure(Environment.GetEnvironmentVariable);
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            LaunchException failure = new($"the network at {path} ends as soon as it is up");
            try
            {
                Start(new NetworkOptions { Path = path, EndsWhenEmpty = true }, environment);
            }
            catch (LaunchException refusal) when (refusal.Message.StartsWith(NetworkRunsException.MessageStart, StringComparison.Ordinal))
            {
                failure = refusal; // another pyco-run was faster and its network is not up yet, or an old one has not quite ended
            }
            for (int look = 0; look < LooksBetweenStarts; look++)
            {
                if (NetworkClient.TryConnect(path) is { } started)
                    return started;
                Thread.Sleep(5);
            }
            if (Stopwatch.GetElapsedTime(begin) > StartPatience)
                throw failure;
        }
    }

    public static int Run(ProgramEnvironment environment)
    {
        NetworkOptions options = DetachedProcess.TakeOrder(Name, NetworkOptions.Read);
        DetachedProcess.LetGo();
        return NetworkProcess.Run(options, Descriptors.Ready, Environment.GetEnvironmentVariable, GuardRole.OptionsFor(environment));
    }
}
