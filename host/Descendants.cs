using System.Globalization;
using System.Text;
using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Stack;

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

    /// <summary>Whether the process is one of them.</summary>
    /// <exception cref="IOException">There was no descriptor to look with: nothing is known.</exception>
    public bool Includes(int pid)
    {
        try
        {
            string environment = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ");
            return File.ReadAllBytes(environment).AsSpan().IndexOf(_entry) >= 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException && !IsShortage(failure))
        {
            return false; // it has ended, or is another user's
        }
    }

    /// <summary>.NET keeps the errno where Windows has its own number.</summary>
    internal static bool IsShortage(Exception failure) => DescriptorShortage.Is((Errno)failure.HResult);
}
