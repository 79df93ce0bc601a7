using System.CommandLine;
using System.Text;
using Pyco.Cli.Host;
using Pyco.Cli.Net;
using Pyco.Cli.PycoTcp;
using Pyco.Cli.Run;
using Pyco.Cli.Startup;
using Pyco.Network;

namespace Pyco.Cli;

/// <summary>One binary that acts by the name it is called with; <c>pyco run</c> is <c>pyco-run</c>.</summary>
internal static class Program
{
    private const string Usage =
        """
        Usage: pyco run [OPTION...] [--] PROGRAM [ARG...]
               pyco net COMMAND [OPTION...]
        The programs of PycoShim, which is a TCP/IP host for each program.

          pyco run       run an unmodified program as its own host on a virtual Ethernet; also called pyco-run

          pyco net       start, stop and look at networks; also called pyco-net

        pyco run -h and pyco net -h tell their options.

        """;

    private static int Main(string[] arguments)
    {
        StandardDescriptors.Reserve();
        string name = Names.Pyco;
        try
        {
            ProcessImage image = ProcessImage.Read();
            name = Path.GetFileName(Encoding.UTF8.GetString(image.Arguments[0]));
            return name switch
            {
                Names.PycoRun => Run(image, name, arguments),
                Names.PycoNet => new NetCommand(new ProgramEnvironment(image.Environment), name).Run(arguments),
                Names.PycoWrapper => new WrapperCommand(image, name).Run(arguments),
                Names.PycoVdeSetup => VdeSetup.Run(image, arguments),
                _ => Dispatch(image, arguments),
            };
        }
        catch (LaunchException failure)
        {
            Terminal.Error(name, failure.Message);
            return failure.ExitStatus;
        }
        catch (IOException failure)
        {
            Terminal.Error(name, failure.Message);
            return ExitStatus.OwnFailure;
        }
    }

    private static int Dispatch(ProcessImage image, string[] arguments)
    {
        switch (arguments.FirstOrDefault())
        {
            case "run":
                return Run(image, "pyco run", arguments[1..]);
            case "net":
                return new NetCommand(new ProgramEnvironment(image.Environment), "pyco net").Run(arguments[1..]);
            case DetachedProcess.StartRole when arguments.Length >= 2:
                return DetachedProcess.RunStarter(image, arguments.AsSpan(1));
            case HostRole.Name:
                DetachedProcess.TakeName();
                return HostRole.Run(new ProgramEnvironment(image.Environment));
            case NetworkRole.Name:
                DetachedProcess.TakeName();
                return NetworkRole.Run(new ProgramEnvironment(image.Environment));
            case GuardRole.Name:
                DetachedProcess.TakeName($"{Names.Pyco}-{GuardRole.Name}");
                return GuardRole.Run(arguments.AsSpan(1));
            case "--version":
                Terminal.Out($"{Names.Pyco} {ProductVersion.Own}\n");
                return ExitStatus.Success;
            case "help" when arguments is [_, "run", ..]:
                return Run(image, "pyco run", ["--help"]);
            case "help" when arguments is [_, "net", .. string[] command]:
                return new NetCommand(new ProgramEnvironment(image.Environment), "pyco net").Run(["help", .. command]);
            case "help" when arguments is [_, var unknown, ..]:
                throw LaunchException.Mistake($"there is no '{unknown}'");
            case "-h" or "--help" or "help":
                Terminal.Out(Usage);
                return ExitStatus.Success;
            case null:
                throw LaunchException.Mistake("say what to do, such as pyco run");
            case { } other:
                throw LaunchException.Mistake($"there is no '{other}'");
        }
    }

    private static int Run(ProcessImage image, string name, string[] arguments)
    {
        RunCommand command = new(name);
        ParseResult words = command.Parse(arguments);
        if (words.GetValue(command.Help))
        {
            Terminal.Out(command.HelpText());
            return ExitStatus.Success;
        }
        if (words.GetValue(command.Version))
        {
            Terminal.Out($"{Names.PycoRun} {ProductVersion.Own}\n");
            return ExitStatus.Success;
        }
        new Launcher(image).Run(new RunOptionsReader(command, Environment.GetEnvironmentVariable).Read(words));
        return ExitStatus.Success;
    }
}
