using System.Runtime.InteropServices;
using System.Text;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Host.Protocol;
using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Cli.Run;

/// <summary>pyco-run: starts the stack host, then becomes the program.</summary>
internal sealed unsafe class Launcher(ProcessImage image)
{
    /// <summary>The host name that the shim shows to the program.</summary>
    private const string HostNameVariable = "PYCO_HOSTNAME";

    private readonly ProgramEnvironment _environment = new(image.Environment);

    /// <summary>Does not return if the program starts.</summary>
    /// <exception cref="LaunchException">It did not.</exception>
    public void Run(RunOptions options)
    {
        string? searchPath = _environment.Contains("PATH") ? Encoding.UTF8.GetString(_environment.Get("PATH")) : null;
        string program = ProgramFile.Find(options.Program[0], searchPath);
        bool needsShell = ProgramFile.NeedsShell(program);
        string library = ShimLibrary.Find();
        HostCredentials credentials = HostCredentials.Create();
        HostReport host = NetworkJoin.Join(options, credentials, _environment);
        if (options.Verbosity == Verbosity.Verbose)
            Terminal.Error(Names.PycoRun, $"{string.Join(", ", host.Addresses)} is up: {options.InterfaceName}, {host.Mac}, host process {host.ProcessId}");
        TellSubnet(options, host);
        TellPublished(options, host);
        TellName(options, host);

        // Meant for pyco-run, if it was: the program's own children are to stay with it.
        _environment.Remove(HostProtocol.DetachVariable);
        _environment.Set(HostProtocol.EnvironmentVariable, credentials.ToEnvironmentValue(host.ProcessId));
        _environment.Preload(library);
        if (options.HostName is { } hostName)
            _environment.Set(HostNameVariable, hostName);
        Become(program, needsShell, options.Program.Count);
    }

    /// <summary>A mistyped address shows in nothing but silence.</summary>
    private static void TellSubnet(RunOptions options, HostReport host)
    {
        if (options.Verbosity != Verbosity.Quiet && host.Subnet is { } subnet && !host.Addresses.Any(own => subnet.Contains(own.Address)))
        {
            Terminal.Error(
                Names.PycoRun,
                $"{host.Addresses[0].Address} is outside the network's subnet {subnet}: its other hosts will not find it there (-q hides this)");
        }
    }

    /// <summary>A port that the kernel has chosen is known from nowhere else, and one number might be taken for either port.</summary>
    private static void TellPublished(RunOptions options, HostReport host)
    {
        foreach (PublishedPort port in host.Published)
        {
            bool isAsWritten = options.Published.Contains(port);
            if (options.Verbosity == Verbosity.Verbose || (options.Verbosity == Verbosity.Normal && !isAsWritten))
                Terminal.Error(Names.PycoRun, $"{port.DescribeOutside()} on this machine leads to port {port.Inside} of {host.Addresses[0].Address}");
        }
    }

    /// <summary>Who has given a name wants to be found by it.</summary>
    private static void TellName(RunOptions options, HostReport host)
    {
        if (options.Verbosity != Verbosity.Quiet && host.NameHolder is { } holder)
        {
            Terminal.Error(
                Names.PycoRun,
                $"other hosts find {holder} by the name {options.HostName}, and not {host.Addresses[0].Address}, until that one ends (-q hides this)");
        }
    }

    /// <param name="program">The file.</param>
    /// <param name="needsShell">Whether the shell runs it.</param>
    /// <param name="argumentCount">How many of the last arguments are the program's, its name included.</param>
    private void Become(string program, bool needsShell, int argumentCount)
    {
        IEnumerable<byte[]> arguments = image.Arguments.Skip(image.Arguments.Count - argumentCount);
        byte[] path = Encoding.UTF8.GetBytes(program);
        if (needsShell)
        {
            arguments = [Encoding.UTF8.GetBytes(ProgramFile.Shell), path, .. arguments.Skip(1)];
            path = Encoding.UTF8.GetBytes(ProgramFile.Shell);
        }
        using StringVector file = new([path]);
        using StringVector vector = new([.. arguments]);
        using StringVector variables = new(_environment.Variables);
        InheritedSignals.Restore();
        _ = Libc.execve(file.First, vector.Pointer, variables.Pointer);
        int error = Marshal.GetLastPInvokeError();
        throw new LaunchException(
            $"cannot run {program}: {Marshal.GetPInvokeErrorMessage(error)}",
            (Errno)error == Errno.ENOENT ? ExitStatus.NotFound : ExitStatus.NotExecutable);
    }
}
