using System.Runtime.InteropServices;
using LibvirtMdevHook.Simulator;
using LibvirtMdevHook.Simulator.Faults;
using LibvirtMdevHook.Simulator.Fuse;
using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Kernel;

if (Arguments.Parse(args) is not { } arguments)
    return Fail(Arguments.Usage, 2);
if (!LibFuse.Load())
    return Fail("libfuse 3 is not installed: run 'apt-get install fuse3 libfuse3-3'.", 1);
try
{
    var gate = new Gate();
    var faults = new FaultList(gate);
    var machine = new Machine(HostFileReader.Load(arguments.HostFile), gate);
    machine.Root.Add("control", new Control(machine, faults));
    foreach (var folder in arguments.Keep)
        machine.Root.Make("sys/" + folder);
    var requests = new Requests(machine.Root, faults, new ActionLog(arguments.Log));
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
    return Session.Run(requests, gate, arguments.MountPoint, () => Console.Out.WriteLine("ready"))
        ? 0
        : Fail($"Cannot mount on '{arguments.MountPoint}': it takes root, /dev/fuse and an empty folder.", 1);
}
catch (Exception e) when (e is HostFileException or IOException)
{
    return Fail(e.Message, 1);
}

// A mount without a server answers no call. Callers that still wait are released when the process ends.
void End(PosixSignalContext context)
{
    Mount.Detach(arguments.MountPoint);
    Environment.Exit(0);
}

static int Fail(string sentence, int status)
{
    Console.Error.WriteLine(sentence);
    return status;
}
