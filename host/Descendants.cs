using System.Text;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;

namespace Pyco.Host;

/// <summary>
/// The processes that may yet open a socket of a host: those that have its variable in their environment. Others' are
/// not readable, which does no harm: a process that changed its user shows by the sockets that it holds.
/// </summary>
internal sealed class Descendants(HostCredentials credentials)
{
    private readonly byte[] _entry =
        Encoding.ASCII.GetBytes($"{HostProtocol.EnvironmentVariable}={credentials.IdText}:");

    /// <summary>Any one of them, or null.</summary>
    /// <param name="loop">What was found in its present turn for another host counts for this one too.</param>
    /// <exception cref="IOException">There was no descriptor to look with: nothing is known.</exception>
    public int? Find(EventLoop loop) => EnvironmentScan.Of(loop).Find(credentials.IdText);

    /// <summary>A process that may be one of them, because its environment is not there yet; or null.</summary>
    /// <inheritdoc cref="Find"/>
    public static int? FindUnsettled(EventLoop loop) => EnvironmentScan.Of(loop).Unsettled;

    /// <summary>Whether the process is one of them, or may yet show to be one.</summary>
    /// <exception cref="IOException">There was no descriptor to look with: nothing is known.</exception>
    public bool MayInclude(int pid)
    {
        ReadOnlySpan<byte> variables = ProcessEnvironment.Read(pid, out bool isUnsettled);
        return isUnsettled || variables.IndexOf(_entry) >= 0;
    }
}
